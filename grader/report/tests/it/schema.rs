//! `report.json` is what `report.schema.json` says. The checker knows the keywords that this schema
//! uses and refuses any other: a whole JSON Schema library would be sixty crates for one test.

use serde_json::Value;

/// Every way in which `value` is not what the schema says; empty when it is.
pub(crate) fn violations(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, schema, value, "$", &mut found);
    found
}

fn check(root: &Value, schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    let mut own = Vec::new();
    let mut fail = |what: &str| own.push(format!("{path}: {what}"));
    let empty = Vec::new();
    let items = value.as_array().unwrap_or(&empty);
    for (keyword, rule) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" => {}
            "$ref" => {
                let target = rule.as_str().unwrap().trim_start_matches('#');
                check(root, root.pointer(target).unwrap(), value, path, found);
            }
            "type" => {
                let allowed = rule.as_array().map_or(std::slice::from_ref(rule), Vec::as_slice);
                if !allowed.iter().any(|name| is(name.as_str().unwrap(), value)) {
                    fail(&format!("is not of type {rule}"));
                }
            }
            "const" if rule != value => fail(&format!("is not {rule}")),
            "enum" if !rule.as_array().unwrap().contains(value) => fail("is none of the names"),
            "minimum" if value.as_f64() < rule.as_f64() => fail("is too small"),
            "minItems" if (items.len() as u64) < rule.as_u64().unwrap() => fail("is too short"),
            "maxItems" if (items.len() as u64) > rule.as_u64().unwrap() => fail("is too long"),
            "const" | "enum" | "minimum" | "minItems" | "maxItems" => {}
            "required" => {
                for name in rule.as_array().unwrap() {
                    if value.get(name.as_str().unwrap()).is_none() {
                        fail(&format!("has no {name}"));
                    }
                }
            }
            "properties" => {
                for (name, inner) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        check(root, inner, value, &format!("{path}.{name}"), found);
                    }
                }
            }
            "additionalProperties" => {
                assert_eq!(rule, &Value::Bool(false), "only false is understood");
                for name in value.as_object().into_iter().flat_map(|object| object.keys()) {
                    if schema["properties"].get(name).is_none() {
                        fail(&format!("has {name}, which the schema does not know"));
                    }
                }
            }
            "items" => {
                for (n, item) in items.iter().enumerate() {
                    check(root, rule, item, &format!("{path}[{n}]"), found);
                }
            }
            "prefixItems" => {
                for (n, (inner, item)) in rule.as_array().unwrap().iter().zip(items).enumerate() {
                    check(root, inner, item, &format!("{path}[{n}]"), found);
                }
            }
            "anyOf" | "oneOf" => {
                let fits = |one: &&Value| {
                    let mut found = Vec::new();
                    check(root, one, value, path, &mut found);
                    found.is_empty()
                };
                match (rule.as_array().unwrap().iter().filter(fits).count(), keyword.as_str()) {
                    (0, _) => fail(&format!("fits no choice of {keyword}")),
                    (n, "oneOf") if n > 1 => fail("fits more than one choice"),
                    _ => {}
                }
            }
            other => panic!("the schema uses {other}, which this checker does not know"),
        }
    }
    found.extend(own);
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_u64() || value.is_i64(),
        other => panic!("unknown type {other}"),
    }
}
