/** What plain scalars mean, by the rules of the seed era (YAML 1.1 and 1.2). */

const TRUE = /^(y|Y|yes|Yes|YES|on|On|ON|true|True|TRUE)$/;
const FALSE = /^(n|N|no|No|NO|off|Off|OFF|false|False|FALSE)$/;
const NULL = /^(|~|null|Null|NULL)$/;

/** Whether it means that there is no value. */
export function isNullText(text: string): boolean {
  return NULL.test(text);
}

/** Undefined when it is neither yes nor no. */
export function parseBool(text: string): boolean | undefined {
  if (TRUE.test(text)) return true;
  return FALSE.test(text) ? false : undefined;
}

/** Decimal, 0x, 0o, 0b and the octal of YAML 1.1 with a leading zero. */
export function parseInteger(text: string): number | undefined {
  const [, sign, digits] = /^([-+]?)(\w{1,64})$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const compact = digits.replaceAll("_", "");
  let value: number | undefined;
  if (/^(0|[1-9]\d*)$/.test(compact)) value = Number(compact);
  else if (/^0[0-7]+$/.test(compact)) value = parseInt(compact, 8);
  else if (/^0(x[0-9a-f]+|o[0-7]+|b[01]+)$/i.test(compact)) {
    value = Number(compact.toLowerCase());
  }
  if (value === undefined || !Number.isSafeInteger(value)) return undefined;
  return sign === "-" ? -value : value;
}

const FACTORS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  p: 1e15,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
  pi: 2 ** 50,
};

/** Bytes of `1048576`, `100MB`, `1.5 GiB`. */
export function parseSize(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,16}(?:\.\d{1,9})?)\s*([a-z]{0,3})$/i
    .exec(text.trim()) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  const factor = FACTORS[unit.toLowerCase().replace(/b$/, "")];
  if (factor === undefined) return undefined;
  const bytes = Math.trunc(Number(digits) * factor);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
