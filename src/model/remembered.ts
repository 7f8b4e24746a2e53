/**
 * Returns a function of a text that works each answer out once. Texts are what people write, a few over and over, and anybody
 * may make up more: beyond `most` all are forgotten, and one longer than 200 characters is never kept. Answers are shared,
 * so they must never be changed.
 */
export function remembered<T>(answer: (text: string) => T, most = 1000): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const there = known.get(text);
    if (there !== undefined) return there;
    const value = answer(text);
    if (text.length > LONGEST) return value;
    if (known.size >= most) known.clear();
    known.set(text, value);
    return value;
  };
}

const LONGEST = 200;

/**
 * Returns a function of an object that works each answer out once. Objects never change, and answers are shared, so they must
 * never be changed either. An object that was asked about of late is remembered for a while, and for good only when it is
 * asked about again after that: what a WeakMap holds is moved to where garbage is collected seldom, and most objects are
 * those of one review.
 */
export function rememberedFor<Key extends object, T>(answer: (object: Key) => T): (object: Key) => T {
  // Plain lists: a Map that is emptied keeps what it held alive until garbage is collected thoroughly.
  const keys: (Key | undefined)[] = [undefined, undefined, undefined, undefined];
  const answers: (T | undefined)[] = [undefined, undefined, undefined, undefined];
  let next = 0;
  const asked = new WeakSet<Key>();
  const forGood = new WeakMap<Key, T>();
  return (object) => {
    const at = keys.indexOf(object);
    const there = at >= 0 ? answers[at] : forGood.get(object);
    if (there !== undefined) return there;
    const value = answer(object);
    if (asked.has(object)) {
      forGood.set(object, value);
      return value;
    }
    asked.add(object);
    keys[next] = object;
    answers[next] = value;
    next = (next + 1) % keys.length;
    return value;
  };
}
