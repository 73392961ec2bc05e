package integration

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
)

// completeS3 adds what S3 answers and a smaller service may leave out: the encryption that every object has had since 2023, an
// object's default type, and the checksum that the SDK sends along.
func completeS3(out any, parameters asl.Text) any {
	switch out := out.(type) {
	case *s3.GetObjectOutput:
		o := *out
		o.ServerSideEncryption = encryption(o.ServerSideEncryption)
		if o.ContentType == nil {
			o.ContentType = aws.String("binary/octet-stream")
		}
		if o.Metadata == nil {
			o.Metadata = map[string]string{}
		}
		return &o
	case *s3.HeadObjectOutput:
		o := *out
		o.ServerSideEncryption = encryption(o.ServerSideEncryption)
		if o.ContentType == nil {
			o.ContentType = aws.String("binary/octet-stream")
		}
		if o.Metadata == nil {
			o.Metadata = map[string]string{}
		}
		return &o
	case *s3.PutObjectOutput:
		o := *out
		o.ServerSideEncryption = encryption(o.ServerSideEncryption)
		if o.ChecksumCRC32 == nil {
			o.ChecksumCRC32, o.ChecksumType = aws.String(checksum(putBody(parameters))), types.ChecksumTypeFullObject
		}
		return &o
	}
	return out
}

// completePut adds what the SDK sends along with a text.
func completePut(in *s3.PutObjectInput, parameters asl.Text) {
	if in.Body == nil {
		return
	}
	if in.ContentType == nil {
		in.ContentType = aws.String("text/plain; charset=UTF-8")
	}
	if in.ChecksumAlgorithm == "" && in.ChecksumCRC32 == nil {
		in.ChecksumCRC32 = aws.String(checksum(putBody(parameters)))
	}
}

func encryption(e types.ServerSideEncryption) types.ServerSideEncryption {
	if e == "" {
		return types.ServerSideEncryptionAes256
	}
	return e
}

// putBody is what putObject's parameters make the object's content.
func putBody(parameters asl.Text) []byte {
	o, _ := parameters.Value().(*asl.Object)
	if o == nil {
		return nil
	}
	v, ok := o.Get("Body")
	if !ok || v == nil {
		return nil
	}
	return []byte(jsonvalue.Encode(v))
}

// checksum is a CRC32 as S3 writes it.
func checksum(b []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)))
}
