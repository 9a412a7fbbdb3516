; library, tested against several interpreters
; run-fns without arguments, everything through the runtime table

(local {: job : runtime} (require :quire.ci))

(local versions ["3.10" "3.11" "3.12"])

(fn run [...]
  (let [r (runtime.sh [...])]
    (assert (= r.exit 0) r.stderr)
    r))

(fn venv [version]
  (.. ".venv-" version))

(fn python [version ...]
  (run (.. (venv version) "/bin/python") ...))

(job :style [:quire/push]
  (fn []
    (run "ruff" "check" "src" "tests")
    (run "ruff" "format" "--check" "src" "tests")
    nil))

(job :types [:quire/push]
  (fn []
    (run "mypy" "--strict" "src")
    nil))

(local suites [])
(each [_ version (ipairs versions)]
  (let [name (.. "py" (pick-values 1 (version:gsub "%." "")))]
    (table.insert suites name)
    (job name [:style]
      (fn []
        (run (.. "python" version) "-m" "venv" (venv version))
        (python version "-m" "pip" "install" "-e" ".[test]")
        (let [{: stdout} (python version "-m" "pytest" "-q")
              passed (stdout:match "(%d+) passed")]
          {:version version :passed (tonumber passed)})))))

(table.insert suites :types)

(job :package suites
  (fn []
    (run "python3" "-m" "build")
    (let [found (runtime.sh "ls dist/*.whl")]
      {:wheel (string.gsub found.stdout "%s+$" "")})))
