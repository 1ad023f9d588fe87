// What the JavaScript implementations do with the same bytes: one JSON object on stdout.
//
//     node peers.mjs import FILE CHUNK_BYTES ROUNDS   ipfs-unixfs-importer, blocks dropped
//     node peers.mjs car CAR ROUNDS                   @ipld/car reads, SHA-256 of every block checked
//
// Seconds of processor time of the process, the least of the rounds. Run from a copy beside
// node_modules (store.py makes it).

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { CarBlockIterator } from '@ipld/car'
import { BlackHoleBlockstore } from 'blockstore-core'
import { importer } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced } from 'ipfs-unixfs-importer/layout'

async function least (rounds, work) {
  let best = Infinity
  for (let i = 0; i < rounds; i++) {
    const before = process.cpuUsage()
    await work()
    const used = process.cpuUsage(before)
    best = Math.min(best, (used.user + used.system) / 1e6)
  }
  return best
}

async function * chunksOf (file, size) {
  const handle = await open(file)
  try {
    for (let at = 0; ; at += size) {
      const chunk = Buffer.allocUnsafe(size)
      const { bytesRead } = await handle.read(chunk, 0, size, at)
      if (bytesRead === 0) return
      yield chunk.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

async function importFile (file, chunkBytes, rounds) {
  let cid
  const seconds = await least(rounds, async () => {
    const source = [{ path: 'file', content: chunksOf(file, chunkBytes) }]
    const options = {
      cidVersion: 1,
      rawLeaves: true,
      chunker: fixedSize({ chunkSize: chunkBytes }),
      layout: balanced({ maxChildrenPerNode: 1024 }),
      wrapWithDirectory: false
    }
    for await (const entry of importer(source, new BlackHoleBlockstore(), options)) cid = entry.cid
  })
  const { size } = await stat(file)
  return { gb_s: size / seconds / 1e9, cid: String(cid) }
}

async function verifyCar (file, rounds) {
  const seconds = await least(rounds, async () => {
    const stream = createReadStream(file, { highWaterMark: 1 << 20 })
    for await (const { cid, bytes } of await CarBlockIterator.fromIterable(stream)) {
      const digest = createHash('sha256').update(bytes).digest()
      if (Buffer.compare(digest, cid.multihash.digest) !== 0) throw new Error(`not ${cid}`)
    }
  })
  const { size } = await stat(file)
  return { gb_s: size / seconds / 1e9 }
}

const [what, file, ...rest] = process.argv.slice(2)
const numbers = rest.map(Number)
const result = what === 'import' ? await importFile(file, ...numbers) : await verifyCar(file, ...numbers)
console.log(JSON.stringify(result))
