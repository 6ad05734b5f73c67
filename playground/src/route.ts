const PATTERN = /^#\/documents\/([0-9a-f-]{36})$/i

/** The document the address names, or null. */
export function documentInAddress(): string | null {
  return PATTERN.exec(location.hash)?.[1]?.toLowerCase() ?? null
}

export function addressOf(documentId: string): string {
  return `#/documents/${documentId}`
}

/** Goes to a document, or to the list; `replace` leaves no entry in the history. */
export function goTo(documentId: string | null, replace = false): void {
  const target = documentId === null ? '#/' : addressOf(documentId)
  if (replace) {
    history.replaceState(null, '', target)
    window.dispatchEvent(new HashChangeEvent('hashchange'))
  } else {
    location.hash = target
  }
}
