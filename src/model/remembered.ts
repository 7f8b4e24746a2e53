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
