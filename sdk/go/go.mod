module github.com/stackhost/stackhost/sdk/go

go 1.25
