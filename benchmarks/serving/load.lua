-- What wrk asks, by the arguments after "--", and what it found, as one line of JSON.
--   post FILE             the file's content, as JSON
--   get [NAME VALUE]...   the address, with these headers
--   fresh N               the address with another x_min each time: -1.5 less 1e-6 times N + 1, N + 2, ...

local kinds = {}

function kinds.post(args)
  local file = assert(io.open(args[2], "rb"))
  wrk.method = "POST"
  wrk.body = file:read("*a")
  wrk.headers["Content-Type"] = "application/json"
  file:close()
end

function kinds.get(args)
  for i = 2, #args, 2 do
    wrk.headers[args[i]] = args[i + 1]
  end
end

function kinds.fresh(args)
  local count = tonumber(args[2])
  request = function()
    count = count + 1
    return wrk.format(nil, string.format("%s&x_min=%.6f", wrk.path, -1.5 - count * 1e-6))
  end
end

function init(args)
  kinds[args[1]](args)
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "p50": %f, "p99": %f, "refused": %d, "statuses": %d, "broken": %d, "late": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect, e.status, e.read + e.write, e.timeout))
end
