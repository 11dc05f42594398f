package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	"github.com/stackhost/stackhost/abi"
	"github.com/stackhost/stackhost/host/toolchain"
)

type versionInfo struct {
	Version string `json:"version"`
	ABI     int    `json:"abi"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
	Commit  string `json:"commit,omitempty"`
}

func currentVersion() versionInfo {
	v := versionInfo{Version: "development", ABI: abi.Version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" && info.Main.Version != "(devel)" {
			v.Version = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v.Commit = s.Value
			}
		}
	}
	return v
}

func newVersion(c *console) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Show the version of stackhost and of the ABI",
		Example: "  stackhost version --json",
		Args:    exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			v := currentVersion()
			return c.show(v, func(w io.Writer) {
				fmt.Fprintf(w, "stackhost %s (ABI v%d, %s, %s/%s)\n", v.Version, v.ABI, v.Go, v.OS, v.Arch)
			})
		},
	}
}

func newDoctor(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Tell what this machine can build and run, and how to get what is missing",
		Long: `doctor looks for the compilers of the guest languages and the engines, and probes the kernel features that make
restoring instances fast. Nothing it finds missing is needed to serve prebuilt modules.`,
		Example: "  stackhost doctor",
		Args:    exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			report := struct {
				versionInfo
				Languages []toolchain.Status `json:"languages"`
				Engines   []engineStatus     `json:"engines"`
				Restore   string             `json:"restore"`
			}{currentVersion(), toolchain.Doctor(), engineStatuses(), restoreMethod()}
			return c.show(report, func(w io.Writer) {
				fmt.Fprintf(w, "stackhost %s, %s/%s\n\n", report.Version, report.OS, report.Arch)
				for _, l := range report.Languages {
					fmt.Fprintf(w, "%s\t%s\t%s\n", mark(l.Ready), l.Language, l.Detail)
				}
				for _, e := range report.Engines {
					fmt.Fprintf(w, "%s\t%s\t%s\n", mark(e.Ready), e.Name, e.Detail)
				}
				fmt.Fprintf(w, "%s\trestore\t%s\n", mark(true), report.Restore)
			})
		},
	}
}

func mark(ok bool) string {
	if ok {
		return "ok"
	}
	return "--"
}
