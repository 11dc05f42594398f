//! Keys, caches, locks, blobs and secrets against the test host.

use stackhost::testing::Host;
use stackhost::{cluster_secret, transact, Blobs, Cache, Code, Keep, Kv, Locks, Scan, Write};

#[test]
fn keys() {
    Host::new();
    let kv = Kv("posts");
    assert_eq!(kv.get("a").unwrap(), None);
    let version = kv.set("a", "1").unwrap();
    assert_eq!(kv.get("a").unwrap().unwrap().version, version);
    assert_eq!(Kv("other").get("a").unwrap(), None);
    let code = |how| kv.set_with("a", "2", how).unwrap_err().code;
    assert_eq!(code(Write::default().if_absent()), Code::CONFLICT);
    assert_eq!(code(Write::default().if_version(version + 1)), Code::CONFLICT);
    kv.set_with("a", "2", Write::default().if_version(version)).unwrap();
    assert_eq!(kv.increment("n", 5).unwrap(), 5);
    kv.update("a", |v| Ok(v.map(|v| [v, b"!"].concat()))).unwrap();
    kv.update("zz", |v| Ok(v.map(<[u8]>::to_vec))).unwrap();
    let mut seen = String::new();
    let mut note = |e: stackhost::Entry| {
        seen += &format!("{:?}", String::from_utf8(e.value).unwrap());
        Ok(())
    };
    kv.each(&Scan { limit: 1, ..Scan::default() }, &mut note).unwrap();
    kv.each(&Scan { limit: 1, reverse: true, ..Scan::default() }, &mut note).unwrap();
    assert_eq!(seen, r#""2!""5""5""2!""#);
    assert!(kv.delete("a").unwrap() && !kv.delete("a").unwrap());
}

#[test]
fn an_update_begins_again() {
    Host::new();
    let (kv, mut tries) = (Kv("posts"), 0);
    kv.update("a", |_| {
        tries += 1;
        if tries < 3 {
            kv.set("a", "meanwhile")?;
        }
        Ok(Some(b"mine".to_vec()))
    })
    .unwrap();
    assert_eq!((tries, kv.get("a").unwrap().unwrap().value), (3, b"mine".to_vec()));
    let never = kv.update("a", |_| {
        tries += 1;
        kv.set("a", "meanwhile")?;
        Ok(Some(Vec::new()))
    });
    assert_eq!((never.unwrap_err().code, tries), (Code::CONFLICT, 20));
}

#[test]
fn transactions() {
    Host::new();
    let kv = Kv("posts");
    let done = transact(|t| {
        assert_eq!(t.get(kv, "a")?, None);
        t.set(kv, "a", "1", 0).increment(kv, "n", 2).delete(kv, "zz");
        Ok(())
    });
    let done = done.unwrap();
    assert_eq!((done.len(), done[1].value, done[2].existed), (3, 2, false));
    let index = kv.scan(&Scan::default()).unwrap().index;
    kv.set("a", "2").unwrap();
    let mut t = stackhost::Txn::default();
    t.unchanged(kv, "a", index).set(kv, "b", "1", 0);
    assert_eq!(t.commit().unwrap_err().code, Code::CONFLICT);
    assert_eq!(kv.get("b").unwrap(), None);
}

#[test]
fn caches() {
    Host::new();
    let (pages, keep) = (Cache("pages"), Keep { tags: &["t"], ..Keep::default() });
    let page = |text: &'static str| pages.remember("a", keep, || Ok(text.into())).unwrap();
    assert_eq!((page("1"), page("2")), (b"1".to_vec(), b"1".to_vec()));
    pages.invalidate(&["other"]).unwrap();
    assert_eq!(pages.get("a").unwrap(), Some(b"1".to_vec()));
    pages.invalidate(&["t"]).unwrap();
    assert_eq!(pages.get("a").unwrap(), None);
    pages.put("a", "3", keep).unwrap();
    assert!(pages.delete("a").unwrap());
    pages.clear().unwrap();
}

#[test]
fn locks() {
    Host::new();
    let jobs = Locks("jobs");
    let mut lease = jobs.acquire("a", 1000, 0).unwrap();
    assert_eq!(jobs.acquire("a", 1000, 0).unwrap_err().code, Code::CONFLICT);
    let expires = lease.expires_ms;
    lease.renew(2000).unwrap();
    assert_eq!(lease.expires_ms, expires + 1000);
    assert!(lease.clone().release().unwrap() && !lease.clone().release().unwrap());
    let fence = jobs.with("a", 1000, 0, |l| Ok(l.fence)).unwrap();
    assert!(fence > lease.fence);
}

#[test]
fn blobs_and_secrets() {
    Host::new().cluster_secret("KEY", b"s3cret");
    let files = Blobs("files");
    assert_eq!(files.stat("a").unwrap_err().code, Code::NOT_FOUND);
    let mut w = files.create("a", Default::default()).unwrap();
    w.write(b"given up").unwrap();
    w.abandon();
    assert_eq!(files.stat("a").unwrap_err().code, Code::NOT_FOUND);
    let mut w = files.create("a", Default::default()).unwrap();
    w.write(b"hello ").unwrap();
    w.write(b"world").unwrap();
    assert_eq!(w.commit().unwrap().size, 11);
    let (info, mut body) = files.read("a", 6, 3).unwrap();
    assert_eq!((info.size, &*body.bytes(100).unwrap()), (11, &b"wor"[..]));
    files.put("b", "x", Default::default()).unwrap();
    let (page, next) = files.list("", "", 1).unwrap();
    assert_eq!((page[0].key.as_str(), next.as_str()), ("a", "a"));
    assert!(files.delete("a", Write::default()).unwrap());
    assert_eq!(cluster_secret("KEY").unwrap(), b"s3cret");
    assert_eq!(cluster_secret("OTHER").unwrap_err().code, Code::NOT_FOUND);
}
