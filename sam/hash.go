package sam

import (
	"crypto/sha1"
	"encoding/hex"

	"github.com/headgate/headgate/internal/template/tree"
)

// hashLength is the number of digits that generated logical ids carry.
const hashLength = 10

// hashText is the first n hexadecimal digits of the SHA-1 of s.
func hashText(s string, n int) string {
	sum := sha1.Sum([]byte(s))
	return hex.EncodeToString(sum[:])[:n]
}

// hashNode is hashText of a string's text, or of another value's canonical JSON; an empty value
// has no hash at all (FACTS-SAM 'Logical-id hashes').
func hashNode(n *tree.Node, digits int) string {
	if !n.Truthy() {
		return ""
	}
	if n.Is(tree.String) {
		return hashText(n.Text, digits)
	}
	return hashText(string(n.Canonical()), digits)
}

// HashJSON gives the suffix that a logical id takes from a JSON value: of a string its text is
// hashed, of anything else its canonical form. It fails if value is not JSON or YAML.
func HashJSON(value []byte, digits int) (string, error) {
	doc, err := tree.Parse(value)
	if err != nil {
		return "", err
	}
	return hashNode(doc.Root, min(max(digits, 0), 2*sha1.Size)), nil
}
