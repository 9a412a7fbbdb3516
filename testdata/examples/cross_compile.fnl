;; A C library for a matrix of compilers, targets and modes.

(local {: job} (require :quire.ci))

(local compilers [:gcc :clang])
(local targets [:x86_64 :aarch64 :riscv64])
(local modes {:debug ["-O0" "-g" "-fsanitize=address"]
              :release ["-O2" "-DNDEBUG"]})

(fn excluded? [compiler target mode]
  ;; The sanitizer of this pair is broken.
  (and (= compiler :gcc) (= target :riscv64) (= mode :debug)))

(fn combinations []
  (let [out []]
    (each [_ compiler (ipairs compilers)]
      (each [_ target (ipairs targets)]
        (each [mode flags (pairs modes)]
          (when (not (excluded? compiler target mode))
            (table.insert out {: compiler : target : mode : flags
                               :id (table.concat [compiler target mode] "-")})))))
    (table.sort out #(< $1.id $2.id))
    out))

(fn build [{: compiler : target : mode : flags}]
  (fn [{: sh : write-file}]
    (let [dir (.. "build/" compiler "-" target "-" mode)
          toolchain (table.concat ["CC=" compiler "\n" "TARGET=" target "\n"
                                   "CFLAGS=" (table.concat flags " ") "\n"])]
      (write-file (.. dir "/toolchain.mk") toolchain)
      (let [{: exit : stderr} (sh [:make :-C dir :-f "../../Makefile" :-j4] {:timeout 900})]
        (when (not= exit 0)
          (error (string.sub stderr -2000)))
        {: dir}))))

(local matrix (combinations))

(job :configure [:quire/push]
  (fn [{: sh}]
    (let [{: exit} (sh "./configure --quiet")]
      (when (> exit 0) (error "configure failed")))))

(each [_ c (ipairs matrix)]
  (job c.id [:configure] (build c)))

(job :archive (icollect [_ {: id} (ipairs matrix)] id)
  (fn [{: sh : jobs}]
    (let [dirs (icollect [_ {: id : mode} (ipairs matrix)]
                 (if (= mode :release) (. (jobs id) :dir)))
          {: exit} (sh [:tar :-czf "lib.tar.gz" (unpack dirs)])]
      (assert (= 0 exit) "tar failed")
      {:archive "lib.tar.gz" :builds (length dirs)})))
