/** Why a socket is closed: RFC 6455, section 7.4, and our own from the wire contract. */
export const closeCodes = {
  unsupportedData: 1003,
  invalidPayload: 1007,
  tooLarge: 1009,
  restarting: 1012,
  tryAgainLater: 1013,
  unauthorized: 4401,
  forbidden: 4403,
  notFound: 4404,
  tooMany: 4408,
} as const

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes]
