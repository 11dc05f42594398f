//! Compares encodings with the host's: records.txt has records as the host's codec writes them, cut short and damaged.

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |c: u8| (c as char).to_digit(16).expect("a hex digit") as u8;
    hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

#[test]
fn encodings_agree_with_the_host() {
    for (number, line) in include_str!("records.txt").lines().enumerate() {
        let [record, hex, want] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("line {}: three columns", number + 1);
        };
        let got = stackhost::abi::recode(record, &bytes(hex)).expect("a known record");
        match (want, got) {
            ("!", Ok(again)) => panic!("line {}: accepted as {again:02x?}", number + 1),
            ("!", Err(_)) => {}
            (want, got) => assert_eq!(got, Ok(bytes(want)), "line {}", number + 1),
        }
    }
}
