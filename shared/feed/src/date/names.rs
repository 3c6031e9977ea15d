//! What months, zones and halves of the day are called.

use super::token::is_combining;

/// A month by its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Month {
    /// 1 to 12.
    pub(super) number: u64,
    /// The same letters may shorten a day of the week: `mar` is March and *martes*.
    pub(super) maybe_weekday: bool,
}

/// The beginnings of the months' names, in lower case and without accents: whatever begins so is that month, in whichever case, number or case ending
/// its language has it. Which language it is need not be known, but for Croatian, whose months have the names of others elsewhere and are left out.
const MONTHS: [&str; 12] = [
    "jan ian ene gen jaan tammi sty led oca saus янв січ сту ιαν ינואר ين 一月 正月",
    "feb fev veb helmi lut uno sub vasari фев лют φεβ פברואר فبر 二月",
    "mar mrt maar mrz maalis brez bre kov мар бер μαρ מרץ مار 三月",
    "apr abr avr huhti kwi dub nis bal апр кві απρ אפריל أبر ابر 四月",
    "may mai maj mei mag touko kve geg май мая мај тра μαι מאי ماي 五月",
    "jun giu iun juin juun kesak kesa cze cervn cerven cvn haz birz июн јун юни чер ιουν יוני يوني 六月",
    "jul lug iul juil juul heina lip cervenec cervenc cvc tem liep июл јул юли лип ιουλ יולי يولي 七月",
    "aug ago aou avg agu agt elo sie srp rugp авг сер αυγ אוגוסט أغس اغس 八月",
    "sep szep set syys wrz zar eyl rugs сеп сен вер σεπ ספטמבר سبت 九月",
    "oct okt out ott loka pazdz rij eki spal окт жов οκτ אוקטובר أكت اكت 十月",
    "nov noi noe marras lis kas lapk ноя ное лист νοε נובמבר نوف 十一月",
    "dec dez des dic dets joulu gru pro ara дек дец гру δεκ דצמבר ديس 十二月",
];

/// Days of the week that begin as a month does.
const WEEKDAYS: &[&str] = &["martes", "mardi", "marted", "marti", "pazar", "середа", "середу"];

/// As [`MONTHS`], but whole words, that mean a day of the week at least as often.
const MAYBE_WEEKDAYS: &[(&str, u64)] = &[("mar", 3), ("paz", 10), ("сер", 8)];

/// The month that a word names, in one of some thirty languages.
pub(super) fn month(word: &str) -> Option<Month> {
    const MONTHS_IN_ENGLISH: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    const DAYS_IN_ENGLISH: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let sure = |number| Some(Month { number, maybe_weekday: false });
    // Most dates are in English, and need not be held against all the others.
    if let Some(start) = word.get(..3) {
        if DAYS_IN_ENGLISH.iter().any(|day| start.eq_ignore_ascii_case(day)) {
            return None;
        }
        let month = (1..).zip(MONTHS_IN_ENGLISH).find(|(_, month)| word.eq_ignore_ascii_case(month));
        if let Some((number, _)) = month.filter(|(_, month)| *month != "mar") {
            return sure(number);
        }
    }
    // Hebrew says "in September" in one word.
    let word = word.strip_prefix('ב').unwrap_or(word);
    if let Some((_, number)) = MAYBE_WEEKDAYS.iter().find(|(name, _)| folded(word).eq(name.chars())) {
        return Some(Month { number: *number, maybe_weekday: true });
    }
    if WEEKDAYS.iter().any(|name| begins(word, name)) {
        return None;
    }
    // The longest beginning counts: `cerven` is June, `cervenec` July.
    let fits = |names: &str| names.split(' ').filter(|name| begins(word, name)).map(|name| name.len()).max();
    let longest = (1..).zip(&MONTHS).filter_map(|(number, names)| Some((fits(names)?, number))).max_by_key(|fit| fit.0);
    longest.and_then(|(_, number)| sure(number))
}

/// The word that stands before a month's number.
pub(super) fn is_month_word(word: &str) -> bool {
    ["thang", "thg"].iter().any(|name| folded(word).eq(name.chars()))
}

/// Whether the word behind a time says that it is the afternoon (`true`) or the morning.
pub(super) fn half_after(word: &str) -> Option<bool> {
    match word {
        word if word.eq_ignore_ascii_case("am") => Some(false),
        word if word.eq_ignore_ascii_case("pm") => Some(true),
        "πμ" | "ΠΜ" => Some(false),
        "μμ" | "ΜΜ" => Some(true),
        _ => None,
    }
}

/// As [`half_after`], of words that stand before the time.
pub(super) fn half_before(word: &str) -> Option<bool> {
    let ends = |halves: &[&str]| halves.iter().any(|half| word.ends_with(half));
    if ends(&["上午", "午前", "오전", "凌晨", "早上"]) {
        return Some(false);
    }
    ends(&["下午", "午後", "오후", "晚上", "中午"]).then_some(true)
}

/// Minutes east of UTC. Names that mean different zones in different countries have the one that feeds use most: `IST` is India, `CST` is Chicago,
/// `BST` is London in summer, `AST` is Halifax, `GST` is Dubai.
const ZONES: &[(&str, i64)] = &[
    ("Z", 0),
    ("GMT", 0),
    ("UTC", 0),
    ("UT", 0),
    ("WET", 0),
    ("EST", -300),
    ("EDT", -240),
    ("ET", -300),
    ("CST", -360),
    ("CDT", -300),
    ("CT", -360),
    ("MST", -420),
    ("MDT", -360),
    ("MT", -420),
    ("PST", -480),
    ("PDT", -420),
    ("PT", -480),
    ("AKST", -540),
    ("AKDT", -480),
    ("HST", -600),
    ("HAST", -600),
    ("HDT", -540),
    ("HADT", -540),
    ("AST", -240),
    ("ADT", -180),
    ("NST", -210),
    ("NDT", -150),
    ("BRT", -180),
    ("BRST", -120),
    ("ART", -180),
    ("CLT", -240),
    ("CLST", -180),
    ("COT", -300),
    ("PET", -300),
    ("VET", -240),
    ("UYT", -180),
    ("BST", 60),
    ("WEST", 60),
    ("WAT", 60),
    ("CET", 60),
    ("MET", 60),
    ("MEZ", 60),
    ("HNEC", 60),
    ("CEST", 120),
    ("MEST", 120),
    ("MESZ", 120),
    ("HAEC", 120),
    ("CAT", 120),
    ("SAST", 120),
    ("EET", 120),
    ("EEST", 180),
    ("IDT", 180),
    ("EAT", 180),
    ("TRT", 180),
    ("MSK", 180),
    ("MSD", 240),
    ("IRST", 210),
    ("GST", 240),
    ("PKT", 300),
    ("IST", 330),
    ("NPT", 345),
    ("ICT", 420),
    ("WIB", 420),
    ("WITA", 480),
    ("HKT", 480),
    ("SGT", 480),
    ("MYT", 480),
    ("PHT", 480),
    ("AWST", 480),
    ("WIT", 540),
    ("JST", 540),
    ("KST", 540),
    ("ACST", 570),
    ("ACDT", 630),
    ("AEST", 600),
    ("AEDT", 660),
    ("NZST", 720),
    ("NZDT", 780),
];

/// Minutes east of UTC of the zone that has this name.
pub(super) fn zone(word: &str) -> Option<i64> {
    ZONES.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, minutes)| *minutes)
}

fn begins(word: &str, name: &str) -> bool {
    let mut letters = folded(word);
    name.chars().all(|wanted| letters.next() == Some(wanted))
}

/// The letters of a word in lower case and without accents.
fn folded(word: &str) -> impl Iterator<Item = char> {
    word.chars().filter(|c| !is_combining(*c)).flat_map(char::to_lowercase).filter(|c| !is_combining(*c)).map(|c| {
        match c {
            'á' | 'à' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' => 'a',
            'ç' | 'č' | 'ć' => 'c',
            'é' | 'è' | 'ê' | 'ë' | 'ě' | 'ē' | 'ė' | 'ę' => 'e',
            'ğ' | 'ģ' => 'g',
            'í' | 'ì' | 'î' | 'ï' | 'ı' | 'ī' | 'į' => 'i',
            'ł' | 'ļ' => 'l',
            'ñ' | 'ň' | 'ń' => 'n',
            'ó' | 'ò' | 'ô' | 'õ' | 'ö' | 'ø' | 'ő' => 'o',
            'ř' => 'r',
            'š' | 'ś' | 'ş' | 'ș' => 's',
            'ť' | 'ţ' | 'ț' => 't',
            'ú' | 'ù' | 'û' | 'ü' | 'ů' | 'ű' | 'ū' | 'ų' => 'u',
            'ý' => 'y',
            'ž' | 'ź' | 'ż' => 'z',
            'ά' => 'α',
            'έ' => 'ε',
            'ί' | 'ϊ' | 'ΐ' => 'ι',
            'ό' => 'ο',
            'ύ' => 'υ',
            c => c,
        }
    })
}
