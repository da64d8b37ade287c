-- Requests for wrk: GET of the paths in a file, or uploads of bytes that differ each time.
-- LOAD_METHOD, LOAD_PATHS (a file, a path a line), LOAD_KEY, LOAD_TYPE, LOAD_BODY (a file), LOAD_SPARE (the offset
-- of 16 characters in the body that may be overwritten), LOAD_NUMBERED (each request has a path of its own).

local threads = 0

function setup(thread)
  thread:set("thread_id", threads)
  threads = threads + 1
end

local function contents(name)
  local file = assert(io.open(name, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local paths, headers, method, before, after, numbered = {}, {}, nil, nil, nil, false
local sent = 0

function init()
  method = os.getenv("LOAD_METHOD")
  numbered = os.getenv("LOAD_NUMBERED") == "1"
  for line in io.lines(os.getenv("LOAD_PATHS")) do
    paths[#paths + 1] = line
  end
  if os.getenv("LOAD_KEY") then
    headers["Authorization"] = "Bearer " .. os.getenv("LOAD_KEY")
  end
  if os.getenv("LOAD_BODY") then
    headers["Content-Type"] = os.getenv("LOAD_TYPE")
    local body = contents(os.getenv("LOAD_BODY"))
    local spare = tonumber(os.getenv("LOAD_SPARE"))
    before, after = body:sub(1, spare), body:sub(spare + 17)
  end
  math.randomseed(os.time() + thread_id)
  sent = math.random(1, 2 ^ 30) * 10000
end

function request()
  sent = sent + 1
  local path = paths[sent % #paths + 1]
  if numbered then
    path = path .. thread_id .. "-" .. string.format("%.0f", sent)
  end
  if before then
    -- Hexadecimal digits are base64 too.
    local mark = string.format("%02x%014.0f", thread_id, sent)
    return wrk.format(method, path, headers, before .. mark .. after)
  end
  return wrk.format(method, path, headers)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %f, "errors": %d, "p50_ms": %f, "p99_ms": %f}\n',
    summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3
  ))
end
