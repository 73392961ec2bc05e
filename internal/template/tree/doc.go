// Package tree reads YAML and JSON templates into an ordered tree that knows where every node
// stood. It is what CloudFormation's and SAM's languages are read from and written back to: keys
// keep their order, scalars are read as YAML 1.1 (yes, on and 0777 mean what PyYAML, and so SAM,
// takes them to mean), and short tags (!Ref, !Sub …) have become their long forms.
package tree
