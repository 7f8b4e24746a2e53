/** An IPv4 address in the one spelling that nobody reads in another way: no leading zeros, no short forms. */
const IPV4 = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;

/**
 * Tells whether an address is one of a private network, such as a pod's or a machine's of the same company. Loopback and
 * link-local addresses are not: the first is another one on every machine, behind the second are metadata services.
 * Anything that is no plain address counts as outside, an IPv4 address inside of an IPv6 one too.
 * @see https://www.rfc-editor.org/rfc/rfc1918 , https://www.rfc-editor.org/rfc/rfc6598 , https://www.rfc-editor.org/rfc/rfc4193
 */
export function isPrivateAddress(address: string): boolean {
  if (/^f[cd][0-9a-f]{2}:[0-9a-f:]*$/.test(address.toLowerCase())) return true;
  const match = IPV4.exec(address);
  if (match === null) return false;
  const [first = 256, second = 256, ...rest] = match.slice(1).map(Number);
  if ([first, second, ...rest].some((part) => part > 255)) return false;
  if (first === 10) return true;
  if (first === 172) return second >= 16 && second <= 31;
  if (first === 192) return second === 168;
  return first === 100 && second >= 64 && second <= 127;
}
