package boltfile

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// ErrChecksum is returned for a record that is not as it was written, or not
// under the key that it was written under.
var ErrChecksum = errors.New("its checksum does not fit")

// SumSize is how many bytes at the front of a sealed record are its checksum.
const SumSize = 4

// castagnoli is the table of CRC-32C, which processors compute themselves.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Checksum is the CRC-32C of parts, one after the other.
func Checksum(parts ...[]byte) uint32 {
	var sum uint32
	for _, p := range parts {
		sum = crc32.Update(sum, castagnoli, p)
	}
	return sum
}

// Seal writes the checksum of a record and of its key into the first
// [SumSize] bytes of the record, which are free for it, and returns the
// record.
func Seal(key, record []byte) []byte {
	binary.BigEndian.PutUint32(record, Checksum(key, record[SumSize:]))
	return record
}

// Unseal returns what a sealed record holds; it is valid as long as the record
// is. The error is [ErrChecksum], also for a record that is too short or nil.
func Unseal(key, record []byte) ([]byte, error) {
	if len(record) < SumSize || binary.BigEndian.Uint32(record) != Checksum(key, record[SumSize:]) {
		return nil, ErrChecksum
	}
	return record[SumSize:], nil
}
