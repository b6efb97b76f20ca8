//! The fields of activities mean the same to this program as to any reader of JSON Schema.

use sync_core::catalogue::{Catalogue, DataSchema, DataType};

/// A value that matches a schema.
fn fitting(schema: &DataSchema) -> serde_json::Value {
    match schema.r#type {
        DataType::Object => {
            let field = |(name, schema): (&String, &DataSchema)| (name.clone(), fitting(schema));
            schema.properties.iter().map(field).collect()
        }
        DataType::Array => vec![fitting(schema.items.as_ref().unwrap())].into(),
        DataType::String if schema.one_of.is_empty() => {
            "字".repeat(schema.max_length.unwrap()).into()
        }
        DataType::String => schema.one_of[0].clone().into(),
        DataType::Integer | DataType::Number => schema.maximum.unwrap().into(),
        DataType::Boolean => true.into(),
    }
}

#[test]
fn the_fields_of_every_type_are_judged_as_a_json_schema_validator_judges_them() {
    let wrong = [
        serde_json::json!(null),
        serde_json::json!("字".repeat(5000)),
        serde_json::json!(-1),
        serde_json::json!(1.5),
        serde_json::json!(2.0),
        serde_json::json!(1e300),
        serde_json::json!([]),
        serde_json::json!({"x": 1}),
        serde_json::json!(true),
    ];
    for of in &Catalogue::embedded().activity_types.types {
        let schema = serde_json::to_value(&of.schema).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let good = fitting(&of.schema);
        let agree = |value: &serde_json::Value| {
            let ours = of.schema.check(value).is_ok();
            assert_eq!(ours, validator.is_valid(value), "{}: {value}", of.code);
            ours
        };
        assert!(agree(&good), "{}", of.code);
        for name in of.schema.properties.keys() {
            let mut less = good.clone();
            less.as_object_mut().unwrap().remove(name);
            agree(&less);
            for value in &wrong {
                let mut other = good.clone();
                other[name] = value.clone();
                agree(&other);
            }
        }
        let mut more = good.clone();
        more["extra"] = 1.into();
        assert!(!agree(&more));
    }
}
