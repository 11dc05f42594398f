package conformance

import (
	"encoding/xml"
	"fmt"
	"io"
	"time"
)

// Text writes a report for people: failures in full, then one line.
func (r *Report) Text(w io.Writer) {
	for _, c := range r.Results {
		switch {
		case c.Passed:
		case c.Skipped != "":
			fmt.Fprintf(w, "not run %s: %s\n", c.ID, c.Skipped)
		case c.Expected != "":
			fmt.Fprintf(w, "known  %s: %s (%s)\n", c.ID, c.Problem, c.Expected)
		default:
			fmt.Fprintf(w, "FAILED %s: %s\n       %s\n       %s\n", c.ID, c.About, c.Problem, c.Section)
		}
	}
	fmt.Fprintf(w, "%d passed, %d failed, %d known failures, %d not covered\n", r.Passed, r.Failed, r.Known, r.Skipped)
}

// JUnit writes a report in the XML form that test dashboards read.
func (r *Report) JUnit(w io.Writer) error {
	type failure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	type testcase struct {
		Class   string   `xml:"classname,attr"`
		Name    string   `xml:"name,attr"`
		Time    string   `xml:"time,attr"`
		Failure *failure `xml:"failure,omitempty"`
		Skipped *failure `xml:"skipped,omitempty"`
	}
	suite := struct {
		XMLName  xml.Name   `xml:"testsuite"`
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Skipped  int        `xml:"skipped,attr"`
		Cases    []testcase `xml:"testcase"`
	}{Name: "stackhost conformance", Tests: len(r.Results), Failures: r.Failed, Skipped: r.Known + r.Skipped}
	for _, c := range r.Results {
		t := testcase{Class: c.Section, Name: c.ID, Time: fmt.Sprintf("%.3f", c.Took.Round(time.Millisecond).Seconds())}
		switch {
		case c.Passed:
		case c.Skipped != "":
			t.Skipped = &failure{Message: c.Skipped}
		case c.Expected != "":
			t.Skipped = &failure{Message: c.Expected}
		default:
			t.Failure = &failure{Message: c.Problem, Text: c.About}
		}
		suite.Cases = append(suite.Cases, t)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	return e.Encode(suite)
}
