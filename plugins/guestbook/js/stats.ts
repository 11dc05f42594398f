// Tells how busy the guestbook is, from the keys that the Go module writes.

import { cache, kv, router } from "stackhost";

const posts = kv("posts");
const meta = kv("meta");
const pages = cache("pages");

const app = router();

app.get("/api/stats", async () => {
  const body = await pages.remember("stats", count, { ttl: 60_000, tags: ["posts"] });
  return new Response(body, { headers: { "content-type": "application/json" } });
});

/** Counts posts by name. The total is kept by whoever adds a post, in the same transaction. */
function count(): string {
  const names: Record<string, number> = {};
  let pictures = 0;
  for (const post of posts.all({ limit: 1000 })) {
    const [name, , picture] = post.text().split("\n", 3);
    names[name] = (names[name] ?? 0) + 1;
    if (picture === "picture") pictures++;
  }
  return JSON.stringify({ posts: Number(meta.get("count")?.text() ?? 0), pictures, names });
}

export default app;
