use super::*;
use crate::app::audit::table;

#[test]
fn csv_comes_back_cell_by_cell() {
    let hostile = Row { user: Some("=cmd|'/c calc'!A0".into()), scopes: Some("a,\"b\"\nc".into()), ..mint() };
    let text = export(&[mint(), hostile], Form::Csv);
    let rows = table::parse(&text).unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].get("user"), "ada@acme.com");
    assert_eq!(rows[1].get("scopes"), "a,\"b\"\nc");
    assert!(rows[1].get("user").starts_with('\''), "no spreadsheet runs it");
}

#[test]
fn json_lines_come_back() {
    let text = export(&[mint(), mint()], Form::Jsonl);
    let values: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(values, [json!(mint()), json!(mint())]);
}

#[test]
fn ocsf_events_have_what_the_class_requires() {
    let refused = Row { event: "refuse".into(), outcome: "not-permitted".into(), oid: None, ..mint() };
    let text = export(&[mint(), refused], Form::Ocsf);
    let values: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for value in &values {
        for field in ["activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid", "user"]
        {
            assert!(!value[field].is_null(), "{field}: {value}");
        }
        let type_uid = value["class_uid"].as_i64().unwrap() * 100 + value["activity_id"].as_i64().unwrap();
        assert_eq!(value["type_uid"], type_uid);
    }
    assert_eq!(values[0]["time"], 1_795_521_600_000_i64);
    assert_eq!((&values[0]["status_id"], &values[1]["status_id"]), (&json!(1), &json!(2)));
    assert_eq!(values[1]["status_code"], "not-permitted");
    assert_eq!(values[0]["dst_endpoint"], json!({ "hostname": "bitbucket.org", "port": 443 }));
    assert!(values[1]["user"].get("uid").is_none());
}

#[test]
fn an_ocsf_event_has_a_user_also_where_nobody_was_known() {
    let nobody = Row { event: "refuse".into(), user: None, oid: None, ..mint() };
    let event: Value = serde_json::from_str(export(&[nobody], Form::Ocsf).trim_end()).unwrap();
    assert_eq!(event["user"], json!({ "name": "unknown", "type_id": 0, "type": "Unknown" }));
    assert_eq!((&event["activity_id"], &event["activity_name"]), (&json!(99), &json!("refuse")));
}

#[test]
fn a_table_has_a_column_for_every_field() {
    let identity = Some("workload: AZURE_FEDERATED_TOKEN_FILE".into());
    let (rule, policy) = (Some("developers".into()), Some("5e1f2a".into()));
    let row = json!(Row { identity, rule, policy, ..mint() });
    let mut fields: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
    let mut columns = COLUMNS.to_vec();
    fields.sort_unstable();
    columns.sort_unstable();
    assert_eq!(fields, columns);
}

#[test]
fn no_cell_is_a_formula() {
    for start in ["=", "+", "-", "@", "\t=", "\r=", "\n="] {
        let row = Row { program: Some(format!("{start}1+1")), ..mint() };
        let rows = table::parse(&export(&[row], Form::Csv)).unwrap();
        assert!(rows[0].get("program").starts_with('\''), "{start:?}");
    }
}

fn mint() -> Row {
    Row {
        time: "2026-11-24T12:00:00Z".into(),
        event: "mint".into(),
        oid: Some("oid".into()),
        user: Some("ada@acme.com".into()),
        host: Some("https://bitbucket.org".into()),
        token_sha256: Some("ab".repeat(32)),
        expires: Some("2026-11-24T14:00:00Z".into()),
        outcome: "ok".into(),
        ..Row::default()
    }
}
