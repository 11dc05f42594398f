//! The golden vectors of the ABI, abi/testdata/vectors.json.

use std::collections::HashMap;

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |c: u8| (c as char).to_digit(16).expect("a hex digit") as u8;
    hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// The first JSON value of a text, and the text after it.
fn value(json: &str) -> (&str, &str) {
    let json = json.trim_start();
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    for (i, c) in json.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' | '[' => depth += 1,
            '}' | ']' if depth == 0 => return json.split_at(i),
            '}' | ']' => depth -= 1,
            ',' | ':' if depth == 0 => return json.split_at(i),
            _ => {}
        }
    }
    (json, "")
}

/// The members of a JSON object as they are written; text without its quotes.
fn members(object: &str) -> HashMap<&str, &str> {
    let mut rest = object.trim().trim_start_matches('{');
    let mut found = HashMap::new();
    while !rest.trim_start().starts_with('}') {
        let (name, after) = value(rest);
        let (member, after) = value(&after[1..]);
        found.insert(name.trim_matches('"'), member.trim().trim_matches('"'));
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    found
}

#[test]
fn golden_vectors() {
    let json = include_str!("../../../abi/testdata/vectors.json");
    let mut rest = members(json)["cases"].trim_start_matches('[');
    let mut canonical: HashMap<(String, String), Vec<u8>> = HashMap::new();
    let mut cases = 0;
    while !rest.trim_start().starts_with(']') {
        let (case, after) = value(rest);
        rest = after.strip_prefix(',').unwrap_or(after);
        let case = members(case);
        let (name, record) = (case["name"], case["record"]);
        let mut input = bytes(case["hex"]);
        if let Some(repeat) = case.get("repeat").map(|r| members(r)) {
            input.extend(bytes(repeat["hex"]).repeat(repeat["times"].parse().unwrap()));
        }
        input.extend(bytes(case.get("end").unwrap_or(&"")));
        let recode = |b: &[u8]| stackhost::abi::recode(record, b).expect("a known record");
        let got = recode(&input);
        cases += 1;
        if let Some(code) = case.get("error") {
            assert_eq!(got.map_err(|e| e.code.name()), Err(*code), "{name}");
            continue;
        }
        let got = match got {
            Err(_) if case.contains_key("may_refuse") => continue,
            got => got.unwrap_or_else(|e| panic!("{name}: {e}")),
        };
        if case.contains_key("encodes") {
            assert_eq!(got, input, "{name}");
        }
        // All encodings of one value have to become the same bytes.
        let of_value =
            canonical.entry((record.into(), case["value"].into())).or_insert(got.clone());
        assert_eq!(got, *of_value, "{name}");
        if case.contains_key("truncations") {
            for n in 0..input.len() {
                assert_eq!(
                    recode(&input[..n]).map_err(|e| e.code.name()),
                    Err("invalid"),
                    "{name}, {n} bytes"
                );
            }
        }
    }
    assert!(cases > 100, "{cases} cases");
}
