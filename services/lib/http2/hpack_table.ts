/** The static and the dynamic table of HPACK (RFC 7541 section 2.3). */

/** Appendix A; index 1 is the first. A line without a value has the empty one. */
const STATIC_TEXT = `:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`;

/** One field of a table. */
export interface Entry {
  readonly name: string;
  readonly value: string;
}

const STATIC: readonly Entry[] = STATIC_TEXT.split("\n").map((line) => {
  const space = line.indexOf(" ");
  return space < 0
    ? { name: line, value: "" }
    : { name: line.slice(0, space), value: line.slice(space + 1) };
});

const STATIC_LENGTH = STATIC.length;

/** Index by name (the first), and by name and value. */
const STATIC_NAMES = new Map<string, number>();
const STATIC_PAIRS = new Map<string, number>();
for (const [i, { name, value }] of STATIC.entries()) {
  if (!STATIC_NAMES.has(name)) STATIC_NAMES.set(name, i + 1);
  STATIC_PAIRS.set(`${name}\0${value}`, i + 1);
}

/** The static index of the pair, or 0. */
export function staticPair(name: string, value: string): number {
  return STATIC_PAIRS.get(`${name}\0${value}`) ?? 0;
}

/** The static index of the name, or 0. */
export function staticName(name: string): number {
  return STATIC_NAMES.get(name) ?? 0;
}

/** Bytes that an entry counts for (section 4.1). */
export function entryBytes(name: string, value: string): number {
  return name.length + value.length + 32;
}

/** The dynamic table of one direction of one connection. */
export class DynamicTable {
  /** Oldest first; the newest has index 62. */
  readonly #entries: Entry[] = [];
  #bytes = 0;
  #bytesMax: number;
  #generation = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Changes whenever an index may mean something else than before. */
  get generation(): number {
    return this.#generation;
  }

  get length(): number {
    return this.#entries.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get bytesMax(): number {
    return this.#bytesMax;
  }

  /** The entry of an index of either table. */
  at(index: number): Entry | undefined {
    if (index <= STATIC_LENGTH) return STATIC[index - 1];
    return this.#entries[this.#entries.length - (index - STATIC_LENGTH)];
  }

  /** Inserts, evicting the oldest; one that does not fit empties the table. */
  insert(name: string, value: string): void {
    this.#generation++;
    const bytes = entryBytes(name, value);
    this.#evict(this.#bytesMax - bytes);
    if (bytes > this.#bytesMax) return;
    this.#entries.push({ name, value });
    this.#bytes += bytes;
  }

  resize(bytesMax: number): void {
    this.#generation++;
    this.#bytesMax = bytesMax;
    this.#evict(bytesMax);
  }

  /** The index of the pair in this table, or 0. */
  pairIndex(name: string, value: string): number {
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      const entry = this.#entries[i]!;
      if (entry.name === name && entry.value === value) {
        return STATIC_LENGTH + this.#entries.length - i;
      }
    }
    return 0;
  }

  #evict(target: number): void {
    let gone = 0;
    while (this.#bytes > target && gone < this.#entries.length) {
      const { name, value } = this.#entries[gone++]!;
      this.#bytes -= entryBytes(name, value);
    }
    if (gone > 0) this.#entries.splice(0, gone);
  }
}
