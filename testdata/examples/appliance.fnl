;; Firmware of a network appliance, on the oldest server there is: run-fns take
;; nothing, and commands are run with ci.sh.

(local ci (require :quire.ci))

(local boards
  [{:name "arm-small" :arch "armv7" :flash 8 :quirks ["no-fpu"]}
   {:name "arm-large" :arch "aarch64" :flash 64 :quirks []}
   {:name "mips" :arch "mipsel" :flash 16 :quirks ["no-fpu" "slow-spi"]}])

(local kernel "6.12.9")

(fn join [...]
  (table.concat [...] "/"))

;; There is no workspace of the job's own on this server, so everything goes
;; below out/.
(fn out [board file]
  (join "out" board.name file))

(fn check [what result]
  (when (not= result.exit 0)
    (error (string.format "%s: exit %d: %s" what result.exit result.stderr)))
  result)

(fn make [board target]
  (check (.. "make " target)
         (ci.sh ["make" "-j4" target (.. "BOARD=" board.name)]
                {:env {:ARCH board.arch
                       :CROSS_COMPILE (.. board.arch "-linux-musl-")
                       :QUIRKS (table.concat board.quirks ",")}})))

(fn size-of [path]
  (tonumber (. (check path (ci.sh ["stat" "-c" "%s" path])) :stdout)))

(ci.job :sources [:quire/push]
  (fn []
    (let [tarball (.. "linux-" kernel ".tar.xz")
          url (.. "https://mirror.example.org/linux/" tarball)]
      (check "download" (ci.sh ["curl" "-fsSL" "-o" tarball url]))
      (check "signature" (ci.sh (.. "xz -dc " tarball " | gpg --verify " tarball ".sign -")))
      (check "unpack" (ci.sh ["tar" "-xf" tarball])))
    nil))

(each [_ board (ipairs boards)]
  (ci.job (.. "kernel-" board.name) [:sources]
    (fn []
      (make board "defconfig")
      (each [_ quirk (ipairs board.quirks)]
        (check quirk (ci.sh ["scripts/config" "--file" (out board ".config") "--enable" quirk])))
      (make board "zImage")
      nil))

  (ci.job (.. "rootfs-" board.name) [:sources]
    (fn []
      (make board "rootfs")
      (let [(ok message) (pcall make board "strip")]
        (when (not ok)
          (print (.. "not stripped: " message))))
      nil))

  (ci.job (.. "image-" board.name) [(.. "kernel-" board.name) (.. "rootfs-" board.name)]
    (fn []
      (make board "image")
      (let [size (size-of (out board "image.bin"))
            room (* board.flash 1024 1024)]
        (if (> size room)
            (error (string.format "the image of %s has %d bytes, the flash only %d" board.name size room))
            (> size (* 0.95 room))
            (print (.. "little room is left on " board.name))))
      nil)))

(fn every [step]
  (icollect [_ board (ipairs boards)]
    (.. step "-" board.name)))

(ci.job :boot (every "image")
  (fn []
    (let [failures []]
      (each [_ board (ipairs boards)]
        (let [{: exit : stdout} (ci.sh ["qemu-boot" board.arch (out board "image.bin")])]
          (when (or (not= exit 0) (not (string.find stdout "login:" 1 true)))
            (table.insert failures board.name))))
      (when (next failures)
        (error (.. "these do not boot: " (table.concat failures ", ")))))
    nil))

(ci.job :sign [:boot]
  (fn []
    (let [key (ci.secret :firmware-key)]
      (each [_ board (ipairs boards)]
        (check "sign" (ci.sh ["sign-image" (out board "image.bin")] {:env {:SIGNING_KEY key}}))))
    nil))

(ci.job :publish [:sign]
  (fn []
    (let [{: stdout} (check "tag" (ci.sh "git describe --tags --exact-match || true"))
          tag (string.gsub stdout "%s+$" "")]
      (when (not= tag "")
        (each [_ board (ipairs boards)]
          (check "upload" (ci.sh ["rsync" (out board "image.bin") (.. "downloads:" tag "-" board.name ".bin")])))))
    nil))
