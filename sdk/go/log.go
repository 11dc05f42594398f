package stackhost

import (
	"github.com/stackhost/stackhost/sdk/go/internal/host"
	"github.com/stackhost/stackhost/sdk/go/internal/wire"
)

// Level is the severity of a log record.
type Level = wire.LogLevel

// Levels, from the least to the most severe.
const (
	LevelTrace = wire.LogLevelTrace
	LevelDebug = wire.LogLevelDebug
	LevelInfo  = wire.LogLevelInfo
	LevelWarn  = wire.LogLevelWarn
	LevelError = wire.LogLevelError
)

// Log writes a record to the host's log. fields are names and values in turn; a value may be nil, a bool, a number, a string,
// bytes, an error, something with a String method, or slices and maps of these. The host adds app, module and request id.
// What does not fit the module's log allowance is lost, and never a reason for a handler to fail.
func Log(level Level, message string, fields ...any) {
	raw := wire.AppendMap(nil, (len(fields)+1)/2)
	for i := 0; i < len(fields); i += 2 {
		name, ok := fields[i].(string)
		var value any
		if i+1 < len(fields) {
			value = fields[i+1]
		}
		if !ok {
			name = "!name"
		}
		raw, _ = wire.AppendAny(wire.AppendStr(raw, name), value)
	}
	rec := wire.LogRecord{Level: level, Message: message, Fields: raw}
	host.CoreLog(rec.Append(make([]byte, 0, len(message)+len(raw)+16)), nil)
}

// Debug writes a record of level debug. See Log.
func Debug(message string, fields ...any) { Log(LevelDebug, message, fields...) }

// Info writes a record of level info. See Log.
func Info(message string, fields ...any) { Log(LevelInfo, message, fields...) }

// Warn writes a record of level warn. See Log.
func Warn(message string, fields ...any) { Log(LevelWarn, message, fields...) }
