(local {:job define :image use-image} (require :quire.ci))

(use-image "example/android-sdk:34")

(local gradle-env {:GRADLE_OPTS "-Dorg.gradle.daemon=false" :ANDROID_HOME "/opt/android"})

(lambda gradle [sh task ?timeout]
  (let [result (sh ["./gradlew" "--console=plain" task] {:env gradle-env :timeout (or ?timeout "15m")})]
    (if (= result.signal nil)
        (assert (= result.exit 0) (.. task " failed, see the log"))
        (error (.. task " was ended by " result.signal)))
    task))

(define "lint" ["quire/push"]
  (fn [{:sh sh}]
    (gradle sh "lintDebug")
    nil))

(define "unit" ["quire/push"]
  (fn [{:sh sh}]
    (gradle sh "testDebugUnitTest" "30m")
    nil))

(define "apk" ["lint" "unit"]
  (fn [{:sh sh :secret secret :jobs jobs}]
    (let [push (jobs "quire/push")
          signing {:KEYSTORE_PASSWORD (secret "keystore") :KEY_ALIAS "upload"}
          release? (not= nil push.tag)
          task (if release? "bundleRelease" "assembleDebug")
          {:exit exit} (sh ["./gradlew" task] {:env (collect [k v (pairs gradle-env) &into signing] k v)})]
      (when (not= exit 0)
        (error "no package"))
      {:task task :release release?})))

(define "upload" ["apk"]
  (fn [runtime]
    (local {:jobs jobs :sh sh} runtime)
    (local {:release release} (jobs "apk"))
    (when release
      (local {:exit exit} (sh ["fastlane" "supply" "--track" "internal"]))
      (assert (= exit 0)))))
