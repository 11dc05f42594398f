//! Log records with a level and fields.

use crate::abi::{imports, LogLevel, LogRecord};
use crate::host;
use crate::value::Value;
use std::borrow::Cow;

/// Writes a record. Logging never fails a call: a record that the host refuses is dropped.
pub fn write(level: LogLevel, message: &str, fields: &[(&str, Value)]) {
    let map = |(k, v): &(&str, Value)| (Cow::Owned(k.to_string()), v.clone().into_owned());
    let fields = match fields {
        [] => Value::Nil,
        _ => Value::Map(fields.iter().map(map).collect()),
    };
    let mut request = Vec::with_capacity(64 + message.len());
    LogRecord { level, message, fields }.encode(&mut request);
    _ = host::call_without_reply(imports::core_log, &request);
}

macro_rules! levels {
    ($($name:ident $level:ident),*) => {$(
        #[doc = concat!("Writes a record of level ", stringify!($name), ": ")]
        #[doc = concat!("`log::", stringify!($name), "(\"saved\", &[(\"id\", 7.into())])`.")]
        pub fn $name(message: &str, fields: &[(&str, Value)]) {
            write(LogLevel::$level, message, fields);
        }
    )*};
}

levels!(trace TRACE, debug DEBUG, info INFO, warn WARN, error ERROR);
