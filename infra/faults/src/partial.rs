//! Batches of which a part is not done. The members that are to fail are taken out of the request, and named in the answer.

use serde_json::{Map, Value, json};

use crate::call::Call;
use crate::dice::Dice;

/// A batch cut in two.
pub(crate) struct Cut {
    /// What still goes to the service; `None` if nothing does.
    pub(crate) request: Option<Value>,
    left_out: LeftOut,
}

enum LeftOut {
    /// Tables and what of theirs was not processed, and what the answer calls that.
    Unprocessed(&'static str, Map<String, Value>),
    /// Which statements, by their places in the request.
    Statements(Vec<usize>, &'static str),
    /// Ids of entries.
    Entries(Vec<Value>),
}

/// Cuts a batch by chance, so that at least one member is left out. `None`: a single member that can only be refused as a whole, or no
/// batch at all.
pub(crate) fn cut(call: &Call, mut request: Value, dice: &mut Dice) -> Option<Cut> {
    match call.operation.as_str() {
        "BatchGetItem" => cut_tables(request, dice, "UnprocessedKeys", |table| table["Keys"].as_array_mut()),
        "BatchWriteItem" => cut_tables(request, dice, "UnprocessedItems", Value::as_array_mut),
        "BatchExecuteStatement" => cut_statements(request, "ThrottlingError", dice),
        "SendMessageBatch" => {
            let entries = request["Entries"].as_array_mut()?;
            let (_, out) = split(entries, dice);
            let out = out.into_iter().map(|mut entry| entry["Id"].take()).collect();
            let request = (!entries.is_empty()).then_some(request);
            Some(Cut { request, left_out: LeftOut::Entries(out) })
        }
        _ => None,
    }
}

/// Takes statements out; `code` is what the answer says of each.
pub(crate) fn cut_statements(mut request: Value, code: &'static str, dice: &mut Dice) -> Option<Cut> {
    let statements = request["Statements"].as_array_mut()?;
    let (places, _) = split(statements, dice);
    let request = (!statements.is_empty()).then_some(request);
    Some(Cut { request, left_out: LeftOut::Statements(places, code) })
}

fn cut_tables(
    mut request: Value,
    dice: &mut Dice,
    name: &'static str,
    members: impl Fn(&mut Value) -> Option<&mut Vec<Value>>,
) -> Option<Cut> {
    let tables = request["RequestItems"].as_object_mut()?;
    let mut left_out = Map::new();
    for (table, wanted) in tables.iter_mut() {
        let mut rest = wanted.clone();
        let (_, out) = split(members(wanted)?, dice);
        *members(&mut rest)? = out;
        left_out.insert(table.clone(), rest);
    }
    tables.retain(|_, wanted| members(wanted).is_some_and(|members| !members.is_empty()));
    // A batch of which nothing was done is an error as a whole.
    if tables.is_empty() {
        return None;
    }
    Some(Cut { request: Some(request), left_out: LeftOut::Unprocessed(name, left_out) })
}

/// Takes about half of the members out, at least one; says which, by their places.
fn split(members: &mut Vec<Value>, dice: &mut Dice) -> (Vec<usize>, Vec<Value>) {
    let sure = dice.below(members.len() as u64);
    let (mut places, mut out, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    for (place, member) in members.drain(..).enumerate() {
        if dice.per_mille(500) || place as u64 == sure {
            places.push(place);
            out.push(member);
        } else {
            kept.push(member);
        }
    }
    *members = kept;
    (places, out)
}

impl Cut {
    /// The answer to the whole batch, from the answer to what was sent.
    pub(crate) fn complete(self, answer: Option<Value>) -> Value {
        let mut answer = answer.unwrap_or_else(|| json!({}));
        match self.left_out {
            LeftOut::Unprocessed(name, left_out) => answer[name] = Value::Object(left_out),
            LeftOut::Statements(places, code) => {
                let responses = answer["Responses"].take();
                let mut responses = if let Value::Array(responses) = responses { responses } else { Vec::new() };
                let refused = json!({ "Error": { "Code": code, "Message": "This statement was not run" } });
                // In rising order, so that each place is right when its turn comes.
                for place in places {
                    responses.insert(place.min(responses.len()), refused.clone());
                }
                answer["Responses"] = Value::Array(responses);
            }
            LeftOut::Entries(ids) => {
                let failed = ids.into_iter().map(
                    |id| json!({ "Id": id, "Code": "InternalError", "SenderFault": false, "Message": "Not queued" }),
                );
                let failed: Vec<Value> = failed.collect();
                answer["Failed"] = Value::Array(failed);
                if answer["Successful"].is_null() {
                    answer["Successful"] = json!([]);
                }
            }
        }
        answer
    }
}
