/** True where the host of a URL (`URL.hostname`) is this machine by its name or address; nothing is looked up. */
export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
