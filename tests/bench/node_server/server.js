// What ingest is compared with: a server as one writes it by hand in an afternoon.
//
// Lines come in and go into the database 1,000 at a time or every 50 ms. Nobody signs in, nothing
// is checked or acknowledged, and what is in memory when it dies is gone.
//
// node server.js PORT DATABASE_URL TABLE

"use strict";

const net = require("net");
const mysql = require("mysql2");

const ROWS = 1000;
const WAIT_MS = 50;
// As many as an ingest process has.
const CONNECTIONS = 2;

const [port, url, table] = process.argv.slice(2);
const pool = mysql.createPool({ uri: url, connectionLimit: CONNECTIONS });
const head = `INSERT INTO ${table} (device_id, ts, boot, seq, received_ts, body) VALUES `;

let rows = [];

function flush() {
  if (rows.length === 0) return;
  const statement = head + rows.join(",");
  rows = [];
  pool.query(statement, (error) => {
    if (error) throw error;
  });
}

function serve(socket) {
  let rest = "";
  let device = 0;
  socket.setEncoding("utf8");
  socket.on("data", (data) => {
    const lines = (rest + data).split("\n");
    rest = lines.pop();
    const now = Date.now();
    for (const line of lines) {
      const message = JSON.parse(line);
      if (message.hello) {
        device = Number(message.device);
        continue;
      }
      const body = mysql.escape(JSON.stringify(message.v));
      rows.push(`(${device},${Number(message.t)},1,${Number(message.s)},${now},${body})`);
      if (rows.length >= ROWS) flush();
    }
  });
  socket.on("error", () => {});
}

setInterval(flush, WAIT_MS);
net.createServer({ noDelay: true }, serve).listen({ port: Number(port), host: "127.0.0.1", backlog: 4096 });
