//! `infra/template.yaml`, read.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;

use crate::roles::Role;

/// The template cannot be read.
#[derive(Debug)]
pub struct Unreadable(String);

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "infra/template.yaml cannot be read: {}", self.0)
    }
}

impl std::error::Error for Unreadable {}

/// The template, its short forms (`!Ref X`) written as long ones (`{"Ref": "X"}`).
#[derive(Clone, Debug)]
pub struct Blueprint(Value);

impl Blueprint {
    /// Where the template is.
    pub fn path() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml")
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn read() -> Result<Self, Unreadable> {
        let text = fs::read_to_string(Self::path()).map_err(|error| Unreadable(error.to_string()))?;
        Self::of(&text)
    }

    pub(crate) fn of(text: &str) -> Result<Self, Unreadable> {
        let yaml: Yaml = serde_yaml_ng::from_str(text).map_err(|error| Unreadable(error.to_string()))?;
        long_form(yaml).map(Self)
    }

    /// The resources of a type, by name, in the order of names.
    pub fn resources(&self, of_type: &str) -> Vec<(&str, &Value)> {
        let all = self.0["Resources"].as_object().into_iter().flatten();
        let mut found: Vec<_> =
            all.filter(|(_, resource)| resource["Type"] == of_type).map(|(name, it)| (name.as_str(), it)).collect();
        found.sort_by_key(|(name, _)| *name);
        found
    }

    /// The properties of a resource; null if there is none.
    pub fn properties(&self, name: &str) -> &Value {
        &self.0["Resources"][name]["Properties"]
    }

    /// The whole of it.
    pub fn whole(&self) -> &Value {
        &self.0
    }

    /// The role of a function, managed policies included, from whichever side they are attached.
    pub fn role(&self, function: &str) -> Role {
        let name = named(&self.properties(function)["Role"]).unwrap_or_default();
        let role = self.properties(name);
        let own = role["Policies"].as_array().into_iter().flatten().map(|policy| &policy["PolicyDocument"]);
        let managed = role["ManagedPolicyArns"].as_array().into_iter().flatten().filter_map(named);
        let documents = own.chain(managed.map(|name| &self.properties(name)["PolicyDocument"]));
        let attached = self.resources("AWS::IAM::ManagedPolicy").into_iter().map(|(_, policy)| &policy["Properties"]);
        let attached = attached
            .filter(|policy| policy["Roles"].as_array().into_iter().flatten().any(|role| named(role) == Some(name)));
        Role::of(function, documents.chain(attached.map(|policy| &policy["PolicyDocument"])))
    }
}

/// The name of the resource that a `Ref` or a `GetAtt` points to.
pub(crate) fn named(value: &Value) -> Option<&str> {
    value["Ref"].as_str().or_else(|| value["Fn::GetAtt"].get(0)?.as_str())
}

fn long_form(yaml: Yaml) -> Result<Value, Unreadable> {
    let odd = |what: &str| Unreadable(format!("{what} is nothing that a template may hold"));
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(bool) => Value::Bool(bool),
        Yaml::Number(number) => {
            let whole = number.as_i64().map(Value::from);
            whole.or(number.as_f64().map(Value::from)).ok_or_else(|| odd("a number"))?
        }
        Yaml::String(text) => Value::String(text),
        Yaml::Sequence(items) => Value::Array(items.into_iter().map(long_form).collect::<Result<_, _>>()?),
        Yaml::Mapping(pairs) => {
            let pair = |(key, value): (Yaml, Yaml)| {
                Ok((key.as_str().ok_or_else(|| odd("a key that is no text"))?.to_owned(), long_form(value)?))
            };
            Value::Object(pairs.into_iter().map(pair).collect::<Result<Map<_, _>, Unreadable>>()?)
        }
        Yaml::Tagged(tagged) => {
            let name = tagged.tag.to_string().trim_start_matches('!').to_owned();
            match (name.as_str(), long_form(tagged.value)?) {
                ("Ref" | "Condition", of) => json!({ name: of }),
                ("GetAtt", Value::String(path)) => {
                    let (resource, attribute) = path.split_once('.').ok_or_else(|| odd("a GetAtt without a dot"))?;
                    json!({ "Fn::GetAtt": [resource, attribute] })
                }
                (_, of) => json!({ format!("Fn::{name}"): of }),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(yaml: &str, expected: Value) {
        assert_eq!(Blueprint::of(yaml).unwrap().whole(), &expected, "{yaml}");
    }

    #[test]
    fn short_forms_are_read_as_long_ones() {
        check("a: !Ref B", json!({ "a": { "Ref": "B" } }));
        check("a: !GetAtt B.Arn", json!({ "a": { "Fn::GetAtt": ["B", "Arn"] } }));
        check("a: !If [X, !Sub '${B}/*', 1.5]", json!({ "a": { "Fn::If": ["X", { "Fn::Sub": "${B}/*" }, 1.5] } }));
        check("a: !Not [!Condition C]", json!({ "a": { "Fn::Not": [{ "Condition": "C" }] } }));
    }
}
