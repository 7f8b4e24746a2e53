const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const V4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);
const GROUP = /^[0-9a-fA-F]{1,4}$/;
const LENGTH = /^(?:0|[1-9]\d{0,2})$/;

/**
 * Tells whether a text is an IP prefix such as `10.0.0.0/8` or `fd00::/8`, as Go's `netip.ParsePrefix` takes it: no blanks,
 * no leading zeros, no zone; bits beyond the length may be set.
 * @see https://pkg.go.dev/net/netip#ParsePrefix
 */
export function isIpPrefix(text: string): boolean {
  const slash = text.lastIndexOf('/');
  const [address, length] = [text.slice(0, slash), text.slice(slash + 1)];
  if (slash < 0 || !LENGTH.test(length)) return false;
  if (V4.test(address)) return Number(length) <= 32;
  return isV6(address) && Number(length) <= 128;
}

function isV6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const all = groups.flat();
  // The last two groups may be written as an IPv4 address.
  const last = all.at(-1) ?? '';
  const isMixed = V4.test(last) && !(halves.length === 2 && halves[1] === '');
  const plain = isMixed ? all.slice(0, -1) : all;
  const count = plain.length + (isMixed ? 2 : 0);
  return plain.every((group) => GROUP.test(group)) && (halves.length === 2 ? count < 8 : count === 8);
}
