/**
 * LZMA: the bytes of one LZMA2 chunk, by a range coder that learns how likely
 * each bit is (lzma-specification.txt). Model, 16 bits for each probability:
 *
 *   is match, is short repeat    [state][position]
 *   is repeat, and of which      [state]
 *   slots of distances           [length][64], trees of six bits
 *   far bits, the last four      trees from the lowest bit
 *   lengths, matches, repeats    choices 2, low, middle [position][8], high
 *   literals                     [context][0x300], trees of eight bits
 *
 * A step is one bit: take in a byte when the range has become small, split the
 * range, learn. It is written out wherever it is needed, because range, code
 * and place are in locals and no function can return three of them. Bits of
 * trees, which are hard to foresee, are done without a branch: `mask` is all
 * ones for a 0 bit (1.2 of a branch; select 1.1; 64-bit locals the same).
 */
import { CORRUPT, OK } from "../errors";

/** Below this the range takes in another byte. */
const TOP: u32 = 1 << 24;
/** Rounds up what a 0 bit adds to a probability: a step of 1/32 to 2048. */
const RISE: u32 = 31 - 2048;
/** Four probabilities of a half. */
const PROB_START: u64 = 0x0400_0400_0400_0400;

/** Of the lengths, in bytes: all, and where the three kinds begin. */
const LENGTH_SIZE: usize = 2 * (4 + 16 * 8 + 16 * 8 + 256);
const LENGTH_LOW: usize = 8;
const LENGTH_MID: usize = LENGTH_LOW + 2 * 16 * 8;
const LENGTH_HIGH: usize = LENGTH_MID + 2 * 16 * 8;

const PROBS: usize = memory.data(28_512, 64);
const IS_MATCH: usize = PROBS;
const IS_REP0_LONG: usize = IS_MATCH + 2 * 12 * 16;
const IS_REP: usize = IS_REP0_LONG + 2 * 12 * 16;
const IS_REP0: usize = IS_REP + 2 * 12;
const IS_REP1: usize = IS_REP0 + 2 * 12;
const IS_REP2: usize = IS_REP1 + 2 * 12;
const SLOTS: usize = IS_REP2 + 2 * 12;
const FAR: usize = SLOTS + 2 * 4 * 64;
const ALIGN: usize = FAR + 2 * 128;
const MATCH_LENGTH: usize = ALIGN + 2 * 16;
const REP_LENGTH: usize = MATCH_LENGTH + LENGTH_SIZE;
const LITERALS: usize = REP_LENGTH + LENGTH_SIZE;

/** Four bits, the other way around; the first are not used. */
const TURNED: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15,
]);

/** lc, and masks of lp and pb bits. */
let contextBits: u32 = 0;
let literalMask: u32 = 0;
let positionMask: u32 = 0;
/** Which kinds the last symbols were, and the last distances less one. */
let lastState: u32 = 0;
let last0: u32 = 0;
let last1: u32 = 0;
let last2: u32 = 0;
let last3: u32 = 0;
/** Where the dictionary starts in the output, and how far back one may go. */
let dictionary: usize = 0;
let dictionarySize: u32 = 0;

/** The dictionary is empty, at `start`. */
export function setDictionary(start: usize, size: u32): void {
  dictionary = start;
  dictionarySize = size;
}

/** Takes the byte of lc, lp and pb; false where it is none. */
export function setProperties(byte: u32): bool {
  if (byte > (4 * 5 + 4) * 9 + 8) return false;
  const lc = byte % 9, lp = byte / 9 % 5, pb = byte / 45;
  if (lc + lp > 4) return false;
  contextBits = lc;
  literalMask = (1 << lp) - 1;
  positionMask = (1 << pb) - 1;
  return true;
}

/** Forgets what was learnt. */
export function resetState(): void {
  lastState = last0 = last1 = last2 = last3 = 0;
  const literals: usize = (0x600 * (literalMask + 1)) << contextBits;
  const size = LITERALS - PROBS + literals;
  for (let at: usize = 0; at < size; at += 8) {
    store<u64>(PROBS + at, PROB_START);
  }
}

/**
 * Decodes the chunk from `p` to `end` to what is from `out` to `limit`, and
 * neither may have bytes left. A symbol takes less than the slack after the
 * input, so that `p` is looked at once for each.
 */
export function decodeChunk(
  p: usize, end: usize, out: usize, limit: usize,
): i32 {
  if (load<u8>(p) !== 0) return CORRUPT;
  let range: u32 = 0xffffffff;
  let code = bswap<u32>(load<u32>(p, 1));
  p += 5;
  let state = lastState;
  let rep0 = last0, rep1 = last1, rep2 = last2, rep3 = last3;
  const base = dictionary, far = dictionarySize;
  const lc = contextBits, lpMask = literalMask, pbMask = positionMask;
  let previous: u32 = out === base ? 0 : load<u8>(out - 1);
  let at: usize = 0, t: usize = 0;
  let prob: u32 = 0, bound: u32 = 0, mask: u32 = 0;
  let m: u32 = 0, position: u32 = 0, length: u32 = 0;
  while (out < limit) {
    if (p > end) return CORRUPT;
    position = (<u32>(out - base) & pbMask) << 1;
    if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
    at = IS_MATCH + (state << 5) + position;
    prob = load<u16>(at), bound = (range >>> 11) * prob;
    if (code < bound) {
      range = bound;
      store<u16>(at, prob + ((2048 - prob) >>> 5));
      const place = (<u32>(out - base) & lpMask) << lc;
      t = LITERALS + 0x600 * (place + (previous >> (8 - lc)));
      m = 1;
      if (state < 7) {
        state = state < 4 ? 0 : state - 3;
        if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
        at = t + (m << 1), prob = load<u16>(at), bound = (range >>> 11) * prob;
        mask = <u32>((<i64>code - <i64>bound) >> 63);
        range -= bound, code -= bound;
        range += mask & (bound - range), code += mask & bound;
        store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
        m = (m << 1) + 1 + mask;
        if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
        at = t + (m << 1), prob = load<u16>(at), bound = (range >>> 11) * prob;
        mask = <u32>((<i64>code - <i64>bound) >> 63);
        range -= bound, code -= bound;
        range += mask & (bound - range), code += mask & bound;
        store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
        m = (m << 1) + 1 + mask;
        if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
        at = t + (m << 1), prob = load<u16>(at), bound = (range >>> 11) * prob;
        mask = <u32>((<i64>code - <i64>bound) >> 63);
        range -= bound, code -= bound;
        range += mask & (bound - range), code += mask & bound;
        store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
        m = (m << 1) + 1 + mask;
        if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
        at = t + (m << 1), prob = load<u16>(at), bound = (range >>> 11) * prob;
        mask = <u32>((<i64>code - <i64>bound) >> 63);
        range -= bound, code -= bound;
        range += mask & (bound - range), code += mask & bound;
        store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
        m = (m << 1) + 1 + mask;
        if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
        at = t + (m << 1), prob = load<u16>(at), bound = (range >>> 11) * prob;
        mask = <u32>((<i64>code - <i64>bound) >> 63);
        range -= bound, code -= bound;
        range += mask & (bound - range), code += mask & bound;
        store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
        m = (m << 1) + 1 + mask;
        if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
        at = t + (m << 1), prob = load<u16>(at), bound = (range >>> 11) * prob;
        mask = <u32>((<i64>code - <i64>bound) >> 63);
        range -= bound, code -= bound;
        range += mask & (bound - range), code += mask & bound;
        store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
        m = (m << 1) + 1 + mask;
        if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
        at = t + (m << 1), prob = load<u16>(at), bound = (range >>> 11) * prob;
        mask = <u32>((<i64>code - <i64>bound) >> 63);
        range -= bound, code -= bound;
        range += mask & (bound - range), code += mask & bound;
        store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
        m = (m << 1) + 1 + mask;
        if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
        at = t + (m << 1), prob = load<u16>(at), bound = (range >>> 11) * prob;
        mask = <u32>((<i64>code - <i64>bound) >> 63);
        range -= bound, code -= bound;
        range += mask & (bound - range), code += mask & bound;
        store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
        m = (m << 1) + 1 + mask;
      } else {
        state = state < 10 ? state - 3 : state - 6;
        // After a match: the byte that it would have gone on with, bit by bit
        // as long as it is right.
        let want: u32 = load<u8>(out - rep0 - 1);
        let offset: u32 = 0x100, wanted: u32 = 0;
        want <<= 1, wanted = want & offset;
        at = t + ((offset + wanted + m) << 1);
        if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
        prob = load<u16>(at), bound = (range >>> 11) * prob;
        mask = <u32>((<i64>code - <i64>bound) >> 63);
        range -= bound, code -= bound;
        range += mask & (bound - range), code += mask & bound;
        store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
        m = (m << 1) + 1 + mask;
        offset &= wanted ^ mask;
        want <<= 1, wanted = want & offset;
        at = t + ((offset + wanted + m) << 1);
        if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
        prob = load<u16>(at), bound = (range >>> 11) * prob;
        mask = <u32>((<i64>code - <i64>bound) >> 63);
        range -= bound, code -= bound;
        range += mask & (bound - range), code += mask & bound;
        store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
        m = (m << 1) + 1 + mask;
        offset &= wanted ^ mask;
        want <<= 1, wanted = want & offset;
        at = t + ((offset + wanted + m) << 1);
        if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
        prob = load<u16>(at), bound = (range >>> 11) * prob;
        mask = <u32>((<i64>code - <i64>bound) >> 63);
        range -= bound, code -= bound;
        range += mask & (bound - range), code += mask & bound;
        store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
        m = (m << 1) + 1 + mask;
        offset &= wanted ^ mask;
        want <<= 1, wanted = want & offset;
        at = t + ((offset + wanted + m) << 1);
        if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
        prob = load<u16>(at), bound = (range >>> 11) * prob;
        mask = <u32>((<i64>code - <i64>bound) >> 63);
        range -= bound, code -= bound;
        range += mask & (bound - range), code += mask & bound;
        store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
        m = (m << 1) + 1 + mask;
        offset &= wanted ^ mask;
        want <<= 1, wanted = want & offset;
        at = t + ((offset + wanted + m) << 1);
        if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
        prob = load<u16>(at), bound = (range >>> 11) * prob;
        mask = <u32>((<i64>code - <i64>bound) >> 63);
        range -= bound, code -= bound;
        range += mask & (bound - range), code += mask & bound;
        store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
        m = (m << 1) + 1 + mask;
        offset &= wanted ^ mask;
        want <<= 1, wanted = want & offset;
        at = t + ((offset + wanted + m) << 1);
        if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
        prob = load<u16>(at), bound = (range >>> 11) * prob;
        mask = <u32>((<i64>code - <i64>bound) >> 63);
        range -= bound, code -= bound;
        range += mask & (bound - range), code += mask & bound;
        store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
        m = (m << 1) + 1 + mask;
        offset &= wanted ^ mask;
        want <<= 1, wanted = want & offset;
        at = t + ((offset + wanted + m) << 1);
        if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
        prob = load<u16>(at), bound = (range >>> 11) * prob;
        mask = <u32>((<i64>code - <i64>bound) >> 63);
        range -= bound, code -= bound;
        range += mask & (bound - range), code += mask & bound;
        store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
        m = (m << 1) + 1 + mask;
        offset &= wanted ^ mask;
        want <<= 1, wanted = want & offset;
        at = t + ((offset + wanted + m) << 1);
        if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
        prob = load<u16>(at), bound = (range >>> 11) * prob;
        mask = <u32>((<i64>code - <i64>bound) >> 63);
        range -= bound, code -= bound;
        range += mask & (bound - range), code += mask & bound;
        store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
        m = (m << 1) + 1 + mask;
        offset &= wanted ^ mask;
      }
      previous = m & 255;
      store<u8>(out++, <u8>m);
      continue;
    }
    range -= bound, code -= bound;
    store<u16>(at, prob - (prob >>> 5));
    if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
    at = IS_REP + (state << 1);
    prob = load<u16>(at), bound = (range >>> 11) * prob;
    if (code < bound) {
      range = bound;
      store<u16>(at, prob + ((2048 - prob) >>> 5));
      state = state < 7 ? 7 : 10;
      rep3 = rep2;
      rep2 = rep1;
      rep1 = rep0;
      t = MATCH_LENGTH;
    } else {
      range -= bound, code -= bound;
      store<u16>(at, prob - (prob >>> 5));
      if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
      at = IS_REP0 + (state << 1);
      prob = load<u16>(at), bound = (range >>> 11) * prob;
      if (code < bound) {
        range = bound;
        store<u16>(at, prob + ((2048 - prob) >>> 5));
        if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
        at = IS_REP0_LONG + (state << 5) + position;
        prob = load<u16>(at), bound = (range >>> 11) * prob;
        if (code < bound) {
          range = bound;
          store<u16>(at, prob + ((2048 - prob) >>> 5));
          state = state < 7 ? 9 : 11;
          if (rep0 >= <u32>(out - base) || rep0 >= far) return CORRUPT;
          previous = load<u8>(out - rep0 - 1);
          store<u8>(out++, <u8>previous);
          continue;
        }
        range -= bound, code -= bound;
        store<u16>(at, prob - (prob >>> 5));
      } else {
        range -= bound, code -= bound;
        store<u16>(at, prob - (prob >>> 5));
        if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
        at = IS_REP1 + (state << 1);
        prob = load<u16>(at), bound = (range >>> 11) * prob;
        if (code < bound) {
          range = bound;
          store<u16>(at, prob + ((2048 - prob) >>> 5));
          m = rep1;
        } else {
          range -= bound, code -= bound;
          store<u16>(at, prob - (prob >>> 5));
          if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
          at = IS_REP2 + (state << 1);
          prob = load<u16>(at), bound = (range >>> 11) * prob;
          if (code < bound) {
            range = bound;
            store<u16>(at, prob + ((2048 - prob) >>> 5));
            m = rep2;
          } else {
            range -= bound, code -= bound;
            store<u16>(at, prob - (prob >>> 5));
            m = rep3;
            rep3 = rep2;
          }
          rep2 = rep1;
        }
        rep1 = rep0;
        rep0 = m;
      }
      state = state < 7 ? 8 : 11;
      t = REP_LENGTH;
    }

    // The length: three bits, three more or eight.
    const isMatch = t === MATCH_LENGTH;
    let top: u32 = 8;
    if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
    at = t;
    prob = load<u16>(at), bound = (range >>> 11) * prob;
    if (code < bound) {
      range = bound;
      store<u16>(at, prob + ((2048 - prob) >>> 5));
      t += LENGTH_LOW + (position << 3);
      length = 2 - 8;
    } else {
      range -= bound, code -= bound;
      store<u16>(at, prob - (prob >>> 5));
      if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
      at = t + 2;
      prob = load<u16>(at), bound = (range >>> 11) * prob;
      if (code < bound) {
        range = bound;
        store<u16>(at, prob + ((2048 - prob) >>> 5));
        t += LENGTH_MID + (position << 3);
        length = 10 - 8;
      } else {
        range -= bound, code -= bound;
        store<u16>(at, prob - (prob >>> 5));
        t += LENGTH_HIGH;
        length = 18 - 256;
        top = 256;
      }
    }
    for (m = 1; m < top;) {
      if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
      at = t + (m << 1), prob = load<u16>(at), bound = (range >>> 11) * prob;
      mask = <u32>((<i64>code - <i64>bound) >> 63);
      range -= bound, code -= bound;
      range += mask & (bound - range), code += mask & bound;
      store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
      m = (m << 1) + 1 + mask;
    }
    length += m;

    if (isMatch) {
      t = SLOTS + (min<u32>(length - 2, 3) << 7);
      m = 1;
      if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
      at = t + (m << 1), prob = load<u16>(at), bound = (range >>> 11) * prob;
      mask = <u32>((<i64>code - <i64>bound) >> 63);
      range -= bound, code -= bound;
      range += mask & (bound - range), code += mask & bound;
      store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
      m = (m << 1) + 1 + mask;
      if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
      at = t + (m << 1), prob = load<u16>(at), bound = (range >>> 11) * prob;
      mask = <u32>((<i64>code - <i64>bound) >> 63);
      range -= bound, code -= bound;
      range += mask & (bound - range), code += mask & bound;
      store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
      m = (m << 1) + 1 + mask;
      if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
      at = t + (m << 1), prob = load<u16>(at), bound = (range >>> 11) * prob;
      mask = <u32>((<i64>code - <i64>bound) >> 63);
      range -= bound, code -= bound;
      range += mask & (bound - range), code += mask & bound;
      store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
      m = (m << 1) + 1 + mask;
      if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
      at = t + (m << 1), prob = load<u16>(at), bound = (range >>> 11) * prob;
      mask = <u32>((<i64>code - <i64>bound) >> 63);
      range -= bound, code -= bound;
      range += mask & (bound - range), code += mask & bound;
      store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
      m = (m << 1) + 1 + mask;
      if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
      at = t + (m << 1), prob = load<u16>(at), bound = (range >>> 11) * prob;
      mask = <u32>((<i64>code - <i64>bound) >> 63);
      range -= bound, code -= bound;
      range += mask & (bound - range), code += mask & bound;
      store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
      m = (m << 1) + 1 + mask;
      if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
      at = t + (m << 1), prob = load<u16>(at), bound = (range >>> 11) * prob;
      mask = <u32>((<i64>code - <i64>bound) >> 63);
      range -= bound, code -= bound;
      range += mask & (bound - range), code += mask & bound;
      store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
      m = (m << 1) + 1 + mask;
      const slot = m - 64;
      rep0 = slot;
      if (slot >= 14) {
        rep0 = 2 | (slot & 1);
        // All bits but the last four are of equal probability.
        for (let count = (slot >> 1) - 5; count > 0; count--) {
          if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
          range >>>= 1;
          code -= range;
          mask = 0 - (code >>> 31);
          code += range & mask;
          rep0 = (rep0 << 1) + mask + 1;
        }
        rep0 <<= 4;
        m = 1;
        t = ALIGN;
        if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
        at = t + (m << 1), prob = load<u16>(at), bound = (range >>> 11) * prob;
        mask = <u32>((<i64>code - <i64>bound) >> 63);
        range -= bound, code -= bound;
        range += mask & (bound - range), code += mask & bound;
        store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
        m = (m << 1) + 1 + mask;
        if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
        at = t + (m << 1), prob = load<u16>(at), bound = (range >>> 11) * prob;
        mask = <u32>((<i64>code - <i64>bound) >> 63);
        range -= bound, code -= bound;
        range += mask & (bound - range), code += mask & bound;
        store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
        m = (m << 1) + 1 + mask;
        if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
        at = t + (m << 1), prob = load<u16>(at), bound = (range >>> 11) * prob;
        mask = <u32>((<i64>code - <i64>bound) >> 63);
        range -= bound, code -= bound;
        range += mask & (bound - range), code += mask & bound;
        store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
        m = (m << 1) + 1 + mask;
        if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
        at = t + (m << 1), prob = load<u16>(at), bound = (range >>> 11) * prob;
        mask = <u32>((<i64>code - <i64>bound) >> 63);
        range -= bound, code -= bound;
        range += mask & (bound - range), code += mask & bound;
        store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
        m = (m << 1) + 1 + mask;
        // The lowest bit came first.
        rep0 += load<u8>(TURNED + m);
      } else if (slot >= 4) {
        const count = (slot >> 1) - 1;
        rep0 = (2 | (slot & 1)) << count;
        t = FAR + ((rep0 - slot) << 1);
        m = 1;
        for (let i: u32 = 0; i < count; i++) {
          if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
          at = t + (m << 1);
          prob = load<u16>(at), bound = (range >>> 11) * prob;
          mask = <u32>((<i64>code - <i64>bound) >> 63);
          range -= bound, code -= bound;
          range += mask & (bound - range), code += mask & bound;
          store<u16>(at, prob - (<i32>(prob + (mask & RISE)) >> 5));
          m = (m << 1) + 1 + mask;
          rep0 += (m & 1) << i;
        }
      }
    }
    if (rep0 >= <u32>(out - base) || rep0 >= far) return CORRUPT;
    if (length > <u32>(limit - out)) return CORRUPT;
    const from = out - rep0 - 1;
    // Overshoots into bytes that are written later, or the slack.
    if (rep0 >= 15) {
      for (let i: usize = 0; i < length; i += 16) {
        v128.store(out + i, v128.load(from + i));
      }
    } else if (rep0 >= 7) {
      for (let i: usize = 0; i < length; i += 8) {
        store<u64>(out + i, load<u64>(from + i));
      }
    } else {
      for (let i: usize = 0; i < length; i++) {
        store<u8>(out + i, load<u8>(from + i));
      }
    }
    out += length;
    previous = load<u8>(out - 1);
  }
  if (range < TOP) { range <<= 8; code = code << 8 | load<u8>(p++); }
  if (p !== end || code !== 0) return CORRUPT;
  lastState = state;
  last0 = rep0;
  last1 = rep1;
  last2 = rep2;
  last3 = rep3;
  return OK;
}
