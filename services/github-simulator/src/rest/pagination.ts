const perPageDefault = 30
const perPageMax = 100

interface ListPage<T> {
  items: T[]
  total: number
  headers: Record<string, string>
}

/**
 * One page by `per_page` (1–100, else the nearest; default 30) and `page`, with the `Link` header that leads on.
 * @param address absolute address of the list, without a query
 */
export function paginateList<T>(all: readonly T[], query: URLSearchParams, address: string): ListPage<T> {
  const perPage = Math.min(positive(query.get('per_page'), perPageDefault), perPageMax)
  const page = positive(query.get('page'), 1)
  const last = Math.max(1, Math.ceil(all.length / perPage))
  const items = all.slice((page - 1) * perPage, page * perPage)
  const link = (rel: string, number: number) => {
    const target = new URLSearchParams(query)
    target.set('page', String(number))
    return `<${address}?${target}>; rel="${rel}"`
  }
  const links: string[] = []
  if (page > 1) links.push(link('prev', Math.min(page - 1, last)))
  if (page < last) links.push(link('next', page + 1), link('last', last))
  if (page > 1) links.push(link('first', 1))
  return { items, total: all.length, headers: links.length === 0 ? {} : { link: links.join(', ') } }
}

function positive(text: string | null, fallback: number): number {
  const number = text !== null && /^[0-9]{1,9}$/.test(text) ? Number(text) : fallback
  return number >= 1 ? number : fallback
}
