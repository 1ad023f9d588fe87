// The Go project's own transparency log code (golang.org/x/mod/sumdb) against ours: it checks our
// proofs and policies, and makes trees, notes and proofs for us to check. Used by go_tlog_test.cpp.
//
//	tlog verify POLICY PROOF   checks a tlog-proof with its entry by a tlog-policy; prints what it found
//	tlog tree N                prints sizes, roots and inclusion proofs of logs of up to N entries
//	tlog note SEED ORIGIN      prints a verifier key and a checkpoint of one entry signed with it
package main

import (
	"bufio"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func fail(format string, args ...interface{}) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

func check(err error) {
	if err != nil {
		fail("%v", err)
	}
}

// A cosignature/v1 key, which sumdb/note does not know: it has the message of c2sp.org/tlog-cosignature.
type cosigner struct {
	name string
	id   uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.id }
func (c cosigner) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	time := binary.BigEndian.Uint64(signature)
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, text)
	return ed25519.Verify(c.key, []byte(message), signature[8:])
}

func newCosigner(vkey string) cosigner {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		fail("vkey %q", vkey)
	}
	id, err := strconv.ParseUint(parts[1], 16, 32)
	check(err)
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	check(err)
	if len(raw) != 1+ed25519.PublicKeySize || raw[0] != 4 {
		fail("vkey %q is no cosigner's", vkey)
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), raw...))
	if binary.BigEndian.Uint32(sum[:]) != uint32(id) {
		fail("vkey %q has another key's id", vkey)
	}
	return cosigner{parts[0], uint32(id), raw[1:]}
}

type policy struct {
	verifiers []note.Verifier
	logs      map[uint32]bool
	threshold int
}

// As much of a policy as log_policy_text writes: logs, witnesses, one group.
func readPolicy(path string) policy {
	file, err := os.Open(path)
	check(err)
	defer file.Close()
	p := policy{logs: map[uint32]bool{}}
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		words := strings.Fields(scanner.Text())
		switch {
		case len(words) == 2 && words[0] == "log":
			verifier, err := note.NewVerifier(words[1])
			check(err)
			p.verifiers = append(p.verifiers, verifier)
			p.logs[verifier.KeyHash()] = true
		case len(words) == 3 && words[0] == "witness":
			p.verifiers = append(p.verifiers, newCosigner(words[2]))
		case len(words) > 2 && words[0] == "group":
			p.threshold, err = strconv.Atoi(words[2])
			check(err)
		}
	}
	return p
}

func verify(policyPath, proofPath string) {
	p := readPolicy(policyPath)
	bytes, err := os.ReadFile(proofPath)
	check(err)
	text := string(bytes)
	gap := strings.Index(text, "\n\n")
	lines := strings.Split(text[:gap], "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "extra ") ||
		!strings.HasPrefix(lines[2], "index ") {
		fail("not a tlog-proof with its entry")
	}
	entry, err := base64.StdEncoding.DecodeString(lines[1][6:])
	check(err)
	index, err := strconv.ParseInt(lines[2][6:], 10, 64)
	check(err)
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		check(err)
		proof = append(proof, hash)
	}

	signed, err := note.Open([]byte(text[gap+2:]), note.VerifierList(p.verifiers...))
	check(err)
	logged, witnesses := false, map[string]bool{}
	for _, signature := range signed.Sigs {
		if p.logs[signature.Hash] {
			logged = true
		} else {
			witnesses[signature.Name] = true
		}
	}
	if !logged || len(witnesses) < p.threshold {
		fail("logged %v, cosigned by %d of %d", logged, len(witnesses), p.threshold)
	}
	checkpoint := strings.Split(signed.Text, "\n")
	size, err := strconv.ParseInt(checkpoint[1], 10, 64)
	check(err)
	root, err := tlog.ParseHash(checkpoint[2])
	check(err)
	check(tlog.CheckRecord(proof, size, root, index, tlog.RecordHash(entry)))
	fmt.Printf("ok index=%d size=%d witnesses=%d\n", index, size, len(witnesses))
}

type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, 0, len(indexes))
	for _, i := range indexes {
		out = append(out, h[i])
	}
	return out, nil
}

func tree(count int64) {
	var stored hashes
	for i := int64(0); i < count; i++ {
		added, err := tlog.StoredHashes(i, []byte(fmt.Sprintf("entry %d", i)), stored)
		check(err)
		stored = append(stored, added...)
		size := i + 1
		root, err := tlog.TreeHash(size, stored)
		check(err)
		index := (i * 7) % size
		proof, err := tlog.ProveRecord(size, index, stored)
		check(err)
		fmt.Printf("%d %v %d", size, root, index)
		for _, hash := range proof {
			fmt.Printf(" %v", hash)
		}
		fmt.Println()
	}
}

// A key from a seed, so that the same run makes the same note.
type zeros struct{ seed byte }

func (z zeros) Read(out []byte) (int, error) {
	for i := range out {
		out[i] = z.seed
	}
	return len(out), nil
}

func signedNote(seed, origin string) {
	number, err := strconv.ParseUint(seed, 10, 8)
	check(err)
	skey, vkey, err := note.GenerateKey(zeros{byte(number)}, origin)
	check(err)
	signer, err := note.NewSigner(skey)
	check(err)
	root := tlog.RecordHash([]byte("entry"))
	text := fmt.Sprintf("%s\n1\n%v\n", origin, root)
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	check(err)
	fmt.Printf("log %s\n%s", vkey, signed)
}

func main() {
	switch {
	case len(os.Args) == 4 && os.Args[1] == "verify":
		verify(os.Args[2], os.Args[3])
	case len(os.Args) == 3 && os.Args[1] == "tree":
		count, err := strconv.ParseInt(os.Args[2], 10, 64)
		check(err)
		tree(count)
	case len(os.Args) == 4 && os.Args[1] == "note":
		signedNote(os.Args[2], os.Args[3])
	default:
		fail("usage: tlog verify POLICY PROOF | tree N | note SEED ORIGIN")
	}
}
