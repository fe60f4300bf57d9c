-- What wrk sends, by the arguments after "--"; prints the results as one line of JSON.
--   post FILE [NAME VALUE]...   POSTs the file's content with these headers
--   get [NAME VALUE]...         GETs the path with these headers
--   fresh N                     GETs the path with a new x_min each time: -1.5 less 1e-6 times N + 1, N + 2, ...

local kinds = {}

local function set_headers(args, first)
  for i = first, #args, 2 do
    wrk.headers[args[i]] = args[i + 1]
  end
end

function kinds.post(args)
  local file = assert(io.open(args[2], "rb"))
  wrk.method = "POST"
  wrk.body = file:read("*a")
  file:close()
  set_headers(args, 3)
end

function kinds.get(args)
  set_headers(args, 2)
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
