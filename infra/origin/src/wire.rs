//! One connection: heads read byte for byte, replies written as scripted.

use std::io;
use std::sync::Arc;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::reply::{Body, Reply};
use crate::{Seen, Shared, stopped};

/// A longer head is taken for nonsense and ends the connection.
const MAX_HEAD: usize = 64 * 1024;

/// Serves requests until either side has enough.
pub(crate) async fn serve(socket: TcpStream, number: u64, shared: Arc<Shared>, mut stopping: watch::Receiver<bool>) {
    let mut connection = Connection { socket, buffer: BytesMut::new(), number };
    // Small pieces go out as they are written; it is a hint that may fail.
    if connection.socket.set_nodelay(true).is_err() {
        return;
    }
    loop {
        let seen = tokio::select! {
            () = stopped(&mut stopping) => return,
            seen = connection.read() => seen,
        };
        // The end of the connection, or nothing that can be answered.
        let Ok(Some(seen)) = seen else { return };
        let reply = shared.answer(&seen);
        let under_way = UnderWay { shared: &shared, host: seen.host() };
        let keep = tokio::select! {
            keep = connection.write(&seen, &reply, &shared) => keep,
            // What would never end by itself ends here.
            () = endless(&reply, &mut stopping) => return,
        };
        drop(under_way);
        if !matches!(keep, Ok(true)) {
            return;
        }
    }
}

/// Counts a request as under way until its reply is out or its connection gone.
struct UnderWay<'a> {
    shared: &'a Shared,
    host: String,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.shared.answered(&self.host);
    }
}

/// Resolves when the origin stops, for replies that wait for nothing else.
async fn endless(reply: &Reply, stopping: &mut watch::Receiver<bool>) {
    if reply.gate.is_none() && !matches!(reply.body, Body::Silence | Body::Stalled { .. } | Body::Endless(_)) {
        return std::future::pending().await;
    }
    stopped(stopping).await;
}

struct Connection {
    socket: TcpStream,
    buffer: BytesMut,
    number: u64,
}

impl Connection {
    /// Reads one request; `None` at the end of the connection.
    async fn read(&mut self) -> io::Result<Option<Seen>> {
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            if self.buffer.len() > MAX_HEAD || self.socket.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        };
        let head = self.buffer.split_to(end).freeze();
        self.buffer.advance(4);
        let Some(mut seen) = parse(&head, self.number) else {
            return Ok(None);
        };
        let length = seen.header_text("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        while self.buffer.len() < length {
            if self.socket.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
        seen.body = self.buffer.split_to(length).freeze();
        Ok(Some(seen))
    }

    /// Writes one reply; whether the connection may go on.
    async fn write(&mut self, seen: &Seen, reply: &Reply, shared: &Shared) -> io::Result<bool> {
        if let Some(gate) = &reply.gate {
            gate.pass().await;
        }
        if let Some(delay) = reply.delay {
            tokio::time::sleep(delay).await;
        }
        let path = seen.path();
        match &reply.body {
            Body::Silence => self.hold().await,
            Body::Raw(bytes) => {
                self.socket.write_all(bytes).await?;
                self.socket.shutdown().await?;
                Ok(false)
            }
            Body::Whole(body) => {
                let bodiless = seen.method == "HEAD" || matches!(reply.status, 100..=199 | 204 | 304);
                let mut message = head(reply, (!bodiless).then_some(body.len()));
                if !bodiless {
                    message.extend_from_slice(body);
                    shared.sent(path, body.len());
                }
                self.socket.write_all(&message).await?;
                let keep = !reply.close && !asks_to_close(seen);
                if !keep {
                    self.socket.shutdown().await?;
                }
                Ok(keep)
            }
            Body::Truncated { body, sent } => {
                self.begin(reply, body, *sent, path, shared).await?;
                self.socket.shutdown().await?;
                Ok(false)
            }
            Body::Stalled { body, sent } => {
                self.begin(reply, body, *sent, path, shared).await?;
                self.hold().await
            }
            Body::Dripping { chunks, gate } => {
                self.socket.write_all(&head(reply, None)).await?;
                for part in chunks.iter().filter(|part| !part.is_empty()) {
                    gate.pass().await;
                    self.chunk(part, path, shared).await?;
                }
                self.socket.write_all(b"0\r\n\r\n").await?;
                Ok(true)
            }
            Body::Endless(part) => {
                self.socket.write_all(&head(reply, None)).await?;
                loop {
                    self.chunk(part, path, shared).await?;
                }
            }
        }
    }

    async fn begin(&mut self, reply: &Reply, body: &Bytes, sent: usize, path: &str, shared: &Shared) -> io::Result<()> {
        let mut message = head(reply, Some(body.len()));
        message.extend_from_slice(&body[..sent]);
        shared.sent(path, sent);
        self.socket.write_all(&message).await
    }

    async fn chunk(&mut self, part: &Bytes, path: &str, shared: &Shared) -> io::Result<()> {
        let mut message = format!("{:x}\r\n", part.len()).into_bytes();
        message.extend_from_slice(part);
        message.extend_from_slice(b"\r\n");
        self.socket.write_all(&message).await?;
        shared.sent(path, part.len());
        Ok(())
    }

    /// Says nothing until the other side hangs up.
    async fn hold(&mut self) -> io::Result<bool> {
        while self.socket.read_buf(&mut self.buffer).await? > 0 {}
        Ok(false)
    }
}

fn asks_to_close(seen: &Seen) -> bool {
    seen.header_text("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
}

/// Status line and headers; chunked unless `length` is known or the status has no body.
fn head(reply: &Reply, length: Option<usize>) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {} Scripted\r\n", reply.status).into_bytes();
    for (name, value) in &reply.headers {
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    }
    let own = |wanted: &str| reply.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
    match length {
        Some(length) if !own("content-length") => {
            head.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
        }
        None if matches!(reply.body, Body::Dripping { .. } | Body::Endless(_)) => {
            head.extend_from_slice(b"transfer-encoding: chunked\r\n");
        }
        Some(_) | None => {}
    }
    if reply.close {
        head.extend_from_slice(b"connection: close\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

fn parse(head: &[u8], connection: u64) -> Option<Seen> {
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut words = std::str::from_utf8(lines.next()?).ok()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = std::str::from_utf8(&line[..colon]).ok()?.to_owned();
        headers.push((name, line[colon + 1..].trim_ascii().to_vec()));
    }
    Some(Seen { method, target, headers, body: Bytes::new(), at: Instant::now(), connection })
}
