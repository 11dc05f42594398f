module github.com/stackhost/stackhost/plugins/guestbook/go

go 1.25

require github.com/stackhost/stackhost/sdk/go v0.0.0

replace github.com/stackhost/stackhost/sdk/go => ../../../sdk/go
