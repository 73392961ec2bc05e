package intrinsic

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// maxEncoded is the language's limit on what Base64Encode, Base64Decode and Hash take, in characters.
const maxEncoded = 10_000

// base64Encode encodes a text's UTF-8.
func base64Encode(_ *Env, args []any) (any, error) {
	text, err := limited(args)
	return base64.StdEncoding.EncodeToString([]byte(text)), err
}

// base64Decode decodes to a text, which is taken to be UTF-8.
func base64Decode(_ *Env, args []any) (any, error) {
	text, err := limited(args)
	if err != nil {
		return nil, err
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: not Base64", errArguments)
	}
	return string(data), nil
}

// limited reads the first argument, a text that must not be too long.
func limited(args []any) (string, error) {
	text, err := textArg(args, 0)
	if err == nil && len(text) > maxEncoded {
		err = fmt.Errorf("%w: longer than %d characters", errArguments, maxEncoded)
	}
	return text, err
}

// hash is Hash with the algorithm as the second argument.
func hash(_ *Env, args []any) (any, error) {
	algorithm, err := textArg(args, 1)
	if err != nil {
		return nil, err
	}
	return Hash(args[0], algorithm)
}

// Hash returns the hexadecimal digest of a text, or of another value's JSON.
func Hash(v any, algorithm string) (string, error) {
	// A text is hashed as it is, without quotes.
	text, ok := v.(string)
	if !ok {
		text = jsonvalue.Encode(v)
	}
	if len(text) > maxEncoded {
		return "", fmt.Errorf("%w: longer than %d characters", errArguments, maxEncoded)
	}
	data := []byte(text)
	switch algorithm {
	case "MD5":
		sum := md5.Sum(data)
		return hex.EncodeToString(sum[:]), nil
	case "SHA-1":
		sum := sha1.Sum(data)
		return hex.EncodeToString(sum[:]), nil
	case "SHA-256":
		sum := sha256.Sum256(data)
		return hex.EncodeToString(sum[:]), nil
	case "SHA-384":
		sum := sha512.Sum384(data)
		return hex.EncodeToString(sum[:]), nil
	case "SHA-512":
		sum := sha512.Sum512(data)
		return hex.EncodeToString(sum[:]), nil
	}
	return "", fmt.Errorf("%w: no such algorithm: %s", errArguments, algorithm)
}
