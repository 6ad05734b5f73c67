const format = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'short' })
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' })

/** "just now", "5 min. ago", "yesterday", and the date after a week. */
export function relativeTime(time: string): string {
  const seconds = Math.min(0, Math.round((Date.parse(time) - Date.now()) / 1000))
  if (seconds > -45) return 'just now'
  if (seconds > -3600) return format.format(Math.round(seconds / 60), 'minute')
  if (seconds > -86_400) return format.format(Math.round(seconds / 3600), 'hour')
  if (seconds > -7 * 86_400) return format.format(Math.round(seconds / 86_400), 'day')
  return day.format(new Date(time))
}
