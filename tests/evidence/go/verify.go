// Checks our files with the Go project's own packages: a checkpoint, a proof of an entry, and a tree of leaf hashes.
//
//	go run verify.go VKEY PROOF [TILE...]
package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func hash(text string) tlog.Hash {
	found, err := tlog.ParseHash(text)
	check(err)
	return found
}

type kept []tlog.Hash

func (k kept) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		found[i] = k[index]
	}
	return found, nil
}

func main() {
	verifier, err := note.NewVerifier(os.Args[1])
	check(err)
	file, err := os.ReadFile(os.Args[2])
	check(err)
	head, signed, _ := strings.Cut(string(file), "\n\n")
	opened, err := note.Open([]byte(signed), note.VerifierList(verifier))
	check(err)
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root := hash(lines[2])

	said := strings.Split(head, "\n")
	entry, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(said[1], "extra "))
	check(err)
	index, err := strconv.ParseInt(strings.TrimPrefix(said[2], "index "), 10, 64)
	check(err)
	var proof tlog.RecordProof
	for _, line := range said[3:] {
		proof = append(proof, hash(line))
	}
	check(tlog.CheckRecord(proof, size, root, index, tlog.RecordHash(entry)))

	var leaves []byte
	for _, name := range os.Args[3:] {
		tile, err := os.ReadFile(name)
		check(err)
		leaves = append(leaves, tile...)
	}
	if len(leaves) > 0 {
		var all kept
		for i := int64(0); i < size; i++ {
			var leaf tlog.Hash
			copy(leaf[:], leaves[i*tlog.HashSize:])
			more, err := tlog.StoredHashesForRecordHash(i, leaf, all)
			check(err)
			all = append(all, more...)
		}
		whole, err := tlog.TreeHash(size, all)
		check(err)
		if whole != root {
			fmt.Fprintln(os.Stderr, "the tiles have another root")
			os.Exit(1)
		}
	}
	fmt.Printf("entry %d of %d stands in %s\n", index, size, lines[0])
}
