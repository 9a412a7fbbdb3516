package conn

import (
	"sync"

	"github.com/klauspost/compress/zstd"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
)

// Converter returns how values travel: as JSON, which what is small stays, so that
// people can read it, and what is not is compressed.
func Converter() converter.DataConverter {
	return converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), codec{})
}

// codec compresses payloads of JSON that are not small. Bytes were compressed
// already.
type codec struct{}

const (
	small      = 4 << 10
	mostLength = 64 << 20 // of what a payload becomes
	encodingOf = converter.MetadataEncoding
	compressed = "json/zstd"
)

var (
	encoder = sync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
		if err != nil {
			panic(err) // the options are constant
		}
		return e
	})
	decoder = sync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(mostLength), zstd.WithDecoderConcurrency(1))
		if err != nil {
			panic(err) // the options are constant
		}
		return d
	})
)

func (codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	out := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		out[i] = p
		if len(p.Data) > small && string(p.Metadata[encodingOf]) == converter.MetadataEncodingJSON {
			out[i] = &commonpb.Payload{
				Metadata: map[string][]byte{encodingOf: []byte(compressed)},
				Data:     encoder().EncodeAll(p.Data, nil),
			}
		}
	}
	return out, nil
}

func (codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	out := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		out[i] = p
		if string(p.Metadata[encodingOf]) != compressed {
			continue
		}
		data, err := decoder().DecodeAll(p.Data, nil)
		if err != nil {
			return nil, err
		}
		out[i] = &commonpb.Payload{
			Metadata: map[string][]byte{encodingOf: []byte(converter.MetadataEncodingJSON)},
			Data:     data,
		}
	}
	return out, nil
}
