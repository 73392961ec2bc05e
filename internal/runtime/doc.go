// Package runtime finds the interpreter that a Lambda runtime's name asks for on this host, and
// holds our own small runtime clients for it: the programs that fetch events from the Runtime API
// and call the function's handler. They stand in node/ and python/, need nothing but their
// language, and are unpacked once into the platform's folder.
//
// Where a host lacks the exact version, the nearest of the same language serves, and
// Interpreter.Substitute says so; the caller shows it as a warning.
package runtime
