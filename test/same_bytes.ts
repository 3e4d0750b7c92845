/** Whether two views hold the same bytes; bits decide, so that NaN is NaN and 0 is not -0. An absent view is like no other. */
export function sameBytes(first: ArrayBufferView | undefined, second: ArrayBufferView | undefined): boolean {
  if (first === undefined || second === undefined || first.byteLength !== second.byteLength) return false;
  const [one, other] = [first, second].map(
    ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
  );
  return one?.every((byte, i) => byte === other?.[i]) ?? false;
}
