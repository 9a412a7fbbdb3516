;; Nightly reductions of a telescope's pictures, by people who write Lua most of
;; the time: objects with metatables, explicit loops, early errors.

(local {: job : runtime} (require :quire.ci))

;;; A pipeline of steps as an object

(local Step {})
(set Step.__index Step)

(fn Step.new [name needs]
  (setmetatable {: name : needs :commands [] :env {} :limit 3600} Step))

(fn Step.run [self ...]
  (table.insert self.commands [...])
  self)

(fn Step.with [self key value]
  (tset self.env key (tostring value))
  self)

(fn Step.within [self seconds]
  (set self.limit seconds)
  self)

(fn Step.execute [self]
  (local {: sh} runtime)
  (for [i 1 (# self.commands)]
    (local argv (. self.commands i))
    (local result (sh ["timeout" (tostring self.limit) (unpack argv)] {:env self.env}))
    (if (= result.exit 124)
        (error (.. self.name ": " (. argv 1) " took more than " self.limit " s"))
        (not= result.exit 0)
        (error (.. self.name ": " (table.concat argv " ") ": " result.stderr)))))

(fn Step.register [self]
  (job self.name self.needs
    (fn []
      (self:execute)
      nil)))

;;; Instruments

(local Instrument {})
(set Instrument.__index Instrument)

(setmetatable Instrument
              {:__call (fn [class name chips gain]
                         (setmetatable {: name : chips : gain} class))})

(fn Instrument.step [self kind ...]
  (local needs [...])
  (when (= 0 (# needs))
    (table.insert needs :quire/push))
  (Step.new (.. kind "-" self.name) needs))

(fn Instrument.frames [self kind]
  (.. "frames/" self.name "/" kind "-*.fits"))

(fn Instrument.__tostring [self]
  (string.format "%s (%d chips, gain %.2f)" self.name self.chips self.gain))

(local instruments
  [(Instrument :wide 4 1.7)
   (Instrument :spectro 1 0.9)
   (Instrument :infra 2 2.25)])

;;; Calibration, then reduction

(local reduced [])

(each [_ inst (ipairs instruments)]
  (local bias (inst:step :bias))
  (bias:run "mkbias" "--chips" (tostring inst.chips) (inst:frames :bias))
  (bias:register)

  (local flat (inst:step :flat bias.name))
  (-> flat
      (: :run "mkflat" "--gain" (string.format "%.2f" inst.gain) (inst:frames :flat))
      (: :within 1200)
      (: :register))

  (local dark (inst:step :dark bias.name))
  (dark:run "mkdark" (inst:frames :dark))
  (when (= inst.name :infra)
    (dark:with :COOLED true)
    (dark:run "subtract-glow" "out/dark-infra.fits"))
  (dark:register)

  (local reduce (inst:step :reduce flat.name dark.name))
  (for [chip 1 inst.chips]
    (reduce:run "reduce" "--chip" (tostring chip) (inst:frames :science)))
  (reduce:with :OMP_NUM_THREADS inst.chips)
  (reduce:register)
  (table.insert reduced reduce.name))

;;; Astrometry and the catalogue

(local catalogue (Step.new :catalogue reduced))
(catalogue:run "astrometry" "--all" "out/")
(catalogue:run "merge-catalogue" "out/catalogue.db")
(catalogue:register)

;;; Quality

(fn parse [text]
  "Lines of key = value, as numbers where they are."
  (local found {})
  (each [key value (string.gmatch text "(%w+)%s*=%s*(%S+)")]
    (tset found key (or (tonumber value) value)))
  found)

(fn judge [{: seeing : zeropoint : stars}]
  (if (or (not stars) (< stars 50)) (values :bad "too few stars")
      (> (or seeing 99) 2.5) (values :poor (.. "seeing of " seeing "\""))
      (< (or zeropoint 0) 22) (values :poor "clouds")
      (values :good nil)))

(job :quality [:catalogue]
  (fn []
    (local {: sh} runtime)
    (var worst :good)
    (local order {:good 1 :poor 2 :bad 3})
    (each [_ inst (ipairs instruments)]
      (local {: exit : stdout} (sh ["measure" inst.name]))
      (if (not= exit 0)
          (set worst :bad)
          (let [(verdict why) (judge (parse stdout))]
            (when why
              (print (.. (tostring inst) ": " why)))
            (when (> (. order verdict) (. order worst))
              (set worst verdict)))))
    (when (= worst :bad)
      (error "the night is lost"))
    nil))

;;; The archive

(job :archive [:quality]
  (fn []
    (local {: sh : secret : jobs} runtime)
    (local {: sha : pushed-at} (jobs :quire/push))
    (local night (string.sub pushed-at 1 10))
    (local token (secret :archive-token))
    (local {: exit : stderr}
      (sh ["archive" "put" "--night" night "--revision" sha "out/"] {:env {:TOKEN token}}))
    (assert (= exit 0) stderr)
    nil))
