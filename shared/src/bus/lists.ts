/** Adds to the list of a key; returns a function that removes it again. */
export function addTo<K, V>(lists: Map<K, V[]>, key: K, value: V): () => void {
  lists.set(key, [...(lists.get(key) ?? []), value])
  return () => {
    const left = (lists.get(key) ?? []).filter((other) => other !== value)
    if (left.length > 0) lists.set(key, left)
    else lists.delete(key)
  }
}
