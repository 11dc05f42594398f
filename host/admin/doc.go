// Package admin is the admin API: versioned JSON over HTTP on a listener of its own, for the command line, for scripts and for programs
// outside that share the store.
//
// A Route says everything about one operation: path, scope, parameters, bodies, answers and the function that does it. The Server
// dispatches by the same table from which Document generates the OpenAPI description, so neither can know what the other does not.
// Routes are functions of this package, in one file for each subject, over the small interfaces in Services; a subject that is added
// gets a file, an interface and a line in Routes.
//
//	s, err := admin.New(admin.Config{Services: admin.Services{Store: store}, Data: dir, Node: "n1"})
//	if err != nil {
//		return err
//	}
//	return s.Serve(listener)
//
// A caller shows a bearer token. The root token of a node is made at its first start, next to the node's address, in the file admin.json of
// its data folder, where commands on the same machine find it; other tokens live, hashed, in the replicated state.
package admin
