//! What a role allows.

use serde_json::Value;

use crate::needs::Need;
use crate::template::named;

/// What roles allow although no function makes such a call itself, each with who needs it.
pub const WITHOUT_A_CALL: &[(&str, &str)] = &[
    ("logs:CreateLogStream", "the platform writes the function's log as the function"),
    ("logs:PutLogEvents", "the platform writes the function's log as the function"),
    ("sqs:ReceiveMessage", "the queue's mapping polls as the function"),
    ("sqs:DeleteMessage", "the queue's mapping acknowledges as the function"),
    ("sqs:GetQueueAttributes", "the queue's mapping looks at the queue as the function"),
    ("sqs:SendMessage ScheduleDead", "the platform tells of a failed run as the function"),
    ("dynamodb:Scan Sources", "migrations read and may change every item: their tests are the store's"),
    ("dynamodb:Scan Posts", "migrations read and may change every item: their tests are the store's"),
    ("dynamodb:Scan Readers", "migrations read and may change every item: their tests are the store's"),
    ("dynamodb:UpdateItem Posts", "migrations read and may change every item: their tests are the store's"),
    ("dynamodb:UpdateItem Readers", "migrations read and may change every item: their tests are the store's"),
    ("ssm:GetParameter", "the installation's key: tests of functions bring their own"),
    ("ssm:PutParameter", "the installation's key: tests of functions bring their own"),
    (
        "sqs:SendMessage Tasks",
        "what was never told of a source is told when the source is deleted: crash stories show it, not one function's tests",
    ),
    ("xray:PutTraceSegments", "the platform writes traces as the function, where they are wanted"),
    ("xray:PutTelemetryRecords", "the platform writes traces as the function, where they are wanted"),
    ("s3:ListBucket", "without it S3 says of an object that is missing that it is forbidden"),
];

/// One action on one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Allowed {
    /// For example `dynamodb:Query`.
    pub action: String,
    /// Its name in the template, with what follows it: `Sources`, `Sources/index/by_slot`, `Blobs/content/*`.
    pub resource: String,
}

impl Allowed {
    /// Whether this is what `need` needs.
    pub fn covers(&self, need: &Need) -> bool {
        self.action == need.action
            && match self.resource.strip_suffix('*') {
                Some(prefix) => need.resource.starts_with(prefix),
                None => need.resource == self.resource,
            }
    }

    /// Why it is there although no function makes the call, if that is so.
    pub fn without_a_call(&self) -> Option<&'static str> {
        let whole = format!("{} {}", self.action, self.resource);
        let known = WITHOUT_A_CALL.iter().find(|(what, _)| *what == self.action || *what == whole);
        known.map(|(_, why)| *why)
    }
}

/// What a function may do.
#[derive(Clone, Debug)]
pub struct Role {
    /// The function's name in the template.
    pub function: String,
    /// In the order of the template.
    pub allowed: Vec<Allowed>,
}

impl Role {
    pub(crate) fn of<'a>(function: &str, documents: impl Iterator<Item = &'a Value>) -> Self {
        let statements = documents.flat_map(|document| document["Statement"].as_array().into_iter().flatten());
        let allowing = statements.filter(|statement| statement["Effect"] == "Allow");
        let allowed = allowing.flat_map(|statement| {
            let resources: Vec<String> = many(&statement["Resource"]).into_iter().map(resource).collect();
            let actions = many(&statement["Action"]).into_iter().filter_map(Value::as_str).map(str::to_owned);
            let pairs = |action: String| {
                let pair = |resource: &String| Allowed { action: action.clone(), resource: resource.clone() };
                resources.iter().map(pair).collect::<Vec<_>>()
            };
            actions.flat_map(pairs).collect::<Vec<_>>()
        });
        Self { function: function.to_owned(), allowed: allowed.collect() }
    }

    /// Whether it may.
    pub fn allows(&self, need: &Need) -> bool {
        self.allowed.iter().any(|allowed| allowed.covers(need))
    }
}

fn many(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

/// `!GetAtt Sources.Arn` is `Sources`, `!Sub "${Sources.Arn}/index/by_slot"` is `Sources/index/by_slot`, the one parameter is `Key`, the
/// rest is as it is written.
fn resource(value: &Value) -> String {
    if let Some(name) = named(value) {
        return name.to_owned();
    }
    let text = value["Fn::Sub"].as_str().or(value.as_str()).unwrap_or_default();
    if text.contains(":parameter/") {
        return "Key".to_owned();
    }
    text.strip_prefix("${")
        .and_then(|rest| rest.split_once(".Arn}"))
        .map_or_else(|| text.to_owned(), |(name, rest)| format!("{name}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Blueprint;

    fn need(action: &str, resource: &str) -> Need {
        Need { action: action.to_owned(), resource: resource.to_owned() }
    }

    #[test]
    fn a_role_is_what_its_own_and_its_managed_policies_allow() {
        let template = r#"
Resources:
  Work: { Properties: { Role: !GetAtt WorkRole.Arn } }
  WorkRole:
    Properties:
      ManagedPolicyArns: [!Ref Shared]
      Policies:
        - PolicyDocument:
            Statement:
              - { Effect: Allow, Action: [dynamodb:Query, dynamodb:GetItem], Resource: [!GetAtt T.Arn, !Sub "${T.Arn}/index/i"] }
              - { Effect: Deny, Action: dynamodb:Scan, Resource: [!GetAtt T.Arn] }
  Attached:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      Roles: [!Ref WorkRole]
      PolicyDocument:
        Statement:
          - { Effect: Allow, Action: "sqs:SendMessage", Resource: !GetAtt Q.Arn }
  OfOthers:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      Roles: [!Ref OtherRole]
      PolicyDocument:
        Statement:
          - { Effect: Allow, Action: "sqs:ReceiveMessage", Resource: !GetAtt Q.Arn }
  Shared:
    Properties:
      PolicyDocument:
        Statement:
          - { Effect: Allow, Action: "s3:GetObject", Resource: !Sub "${B.Arn}/content/*" }
"#;
        let role = Blueprint::of(template).unwrap().role("Work");
        for (action, resource, may) in [
            ("dynamodb:Query", "T", true),
            ("dynamodb:Query", "T/index/i", true),
            ("dynamodb:Query", "T/index/j", false),
            ("dynamodb:Query", "U", false),
            ("dynamodb:Scan", "T", false),
            ("s3:GetObject", "B/content/abc", true),
            ("s3:GetObject", "B/other", false),
            ("s3:PutObject", "B/content/abc", false),
            ("sqs:SendMessage", "Q", true),
            ("sqs:ReceiveMessage", "Q", false),
        ] {
            assert_eq!(role.allows(&need(action, resource)), may, "{action} {resource}");
        }
    }
}
