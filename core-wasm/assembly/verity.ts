/**
 * The digests of many blocks of equal size, each after the same salt
 * (dm-verity, format version 1). The tree is built in `../verity.ts`.
 */
import * as sha256 from "./hash/sha256";
import * as sha512 from "./hash/sha512";
import { hash4 } from "./hash/sha256x4";
import { BAD_ARGUMENT, OK } from "./errors";
import { INPUT, INPUT_SIZE, OUTPUT, OUTPUT_SIZE } from "./memory";

const SHA256 = 0;
const SHA512 = 1;
const SALT_MAX: u32 = 256;
const BLOCK_MIN: u32 = 512;

const SALT: usize = memory.data(256, 16);
/** The state after the whole 64-byte pieces of the salt. */
const MIDSTATE: usize = memory.data(208, 16);

export function saltPointer(): usize {
  return SALT;
}

function blocks256(count: u32, size: u32, saltSize: u32): void {
  const whole = saltSize & ~63;
  sha256.init();
  sha256.update(SALT, whole);
  let done: u32 = 0;
  for (; done + 4 <= count; done += 4) {
    hash4(
      INPUT + done * size,
      size,
      SALT + whole,
      saltSize - whole,
      <u64>saltSize + size,
      OUTPUT + (done << 5),
      32,
    );
  }
  sha256.update(SALT + whole, saltSize - whole);
  memory.copy(MIDSTATE, sha256.STATE, sha256.STATE_SIZE);
  for (; done < count; done++) {
    memory.copy(sha256.STATE, MIDSTATE, sha256.STATE_SIZE);
    sha256.update(INPUT + done * size, size);
    sha256.final(OUTPUT + (done << 5));
  }
}

function blocks512(count: u32, size: u32, saltSize: u32): void {
  sha512.init();
  sha512.update(SALT, saltSize);
  memory.copy(MIDSTATE, sha512.STATE, sha512.STATE_SIZE);
  for (let done: u32 = 0; done < count; done++) {
    memory.copy(sha512.STATE, MIDSTATE, sha512.STATE_SIZE);
    sha512.update(INPUT + done * size, size);
    sha512.final(OUTPUT + (done << 6));
  }
}

/**
 * Hashes `count` blocks of `size` bytes in the input buffer after the
 * `saltSize` bytes at the salt pointer, and writes the digests, one after
 * another, to the output buffer. Spoils the state of the algorithm.
 */
export function hashBlocks(
  algorithm: i32,
  count: u32,
  size: u32,
  saltSize: u32,
): i32 {
  if (saltSize > SALT_MAX || size < BLOCK_MIN || size > INPUT_SIZE) {
    return BAD_ARGUMENT;
  }
  if (<u64>count * size > INPUT_SIZE || count > OUTPUT_SIZE >> 6) {
    return BAD_ARGUMENT;
  }
  if (algorithm === SHA256) blocks256(count, size, saltSize);
  else if (algorithm === SHA512) blocks512(count, size, saltSize);
  else return BAD_ARGUMENT;
  return OK;
}
