;;; quire-run.el --- Buffers that follow runs of quire  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: MIT

;;; Commentary:

;; The server tells what becomes of a run and its jobs, and what they write.
;; Each run is shown in a buffer of Compilation mode, so that `next-error' goes
;; through the places that commands name and to what failed in the pipeline.

;;; Code:

(require 'quire-client)
(require 'ansi-color)
(require 'compile)

(defcustom quire-run-display 'always
  "When to show the buffer of a run that was started in Emacs."
  :group 'quire
  :type '(choice (const :tag "When it starts" always)
                 (const :tag "When it fails" failure)
                 (const :tag "Only when asked to" never)))

(defcustom quire-run-finished-functions nil
  "Functions that are called when a run has finished.
Each takes the buffer of the run and its outcome, a string such as
\"succeeded\", \"failed\" or \"cancelled\"."
  :group 'quire
  :type 'hook)

(defface quire-run-job '((t :inherit bold))
  "Face of the lines that say what becomes of a job."
  :group 'quire)

(defface quire-run-command '((t :inherit font-lock-comment-face))
  "Face of commands."
  :group 'quire)

(defface quire-run-note '((t :inherit shadow))
  "Face of what quire says, between what commands write."
  :group 'quire)

(cl-defstruct (quire-run (:constructor quire-run--make) (:conc-name quire-run--)
                         (:copier nil) (:predicate nil))
  "A run of this Emacs."
  id root title buffer
  jobs       ; alist of ids and states, as the server names them
  partial    ; alist of (JOB SH STREAM) and (LINE . COLOURS): output whose line has not ended
  outcome)   ; or nil, while it is under way

(defvar quire-run--runs nil
  "The runs of this Emacs, the newest first.")

(defvar-local quire-run--run nil
  "The run that this buffer shows.")

;;; What the server tells

(defconst quire-run-methods
  '("quire/runStarted" "quire/jobState" "quire/shStarted" "quire/runOutput" "quire/shFinished" "quire/runFinished")
  "The notifications of the server about runs.")

(defun quire-run-notify (method params)
  "Take up the notification METHOD of the server, with PARAMS."
  (if (equal method "quire/runStarted")
      (quire-run--started params)
    (let ((run (quire-run--find (quire-get params :runId))))
      (when (and run (buffer-live-p (quire-run--buffer run)))
        (with-current-buffer (quire-run--buffer run)
          (pcase method
            ("quire/shStarted" (quire-run--command run params))
            ("quire/runOutput" (quire-run--output run params))
            ("quire/shFinished" (quire-run--exit run params))
            ("quire/jobState" (quire-run--job run params))
            ("quire/runFinished" (quire-run--finished run params))))))
    (force-mode-line-update t)))

(defun quire-run--find (id)
  "Return the run whose id is ID."
  (seq-find (lambda (run) (equal (quire-run--id run) id)) quire-run--runs))

(defun quire-run--started (params)
  "Begin a buffer for the run that PARAMS tell of, unless it is a dry run."
  (unless (eq (quire-get params :dryRun) t)
    (let* ((file (quire-run--path (quire-get params :uri)))
           (root (expand-file-name (or (locate-dominating-file file ".quire") (file-name-directory file))))
           (run (quire-run--make :id (quire-get params :runId) :root root :title (quire-get params :title)
                                :buffer (quire-run--buffer-for root))))
      (setq quire-run--runs
            (cons run (seq-filter (lambda (r) (buffer-live-p (quire-run--buffer r))) quire-run--runs)))
      (with-current-buffer (quire-run--buffer run)
        (let ((inhibit-read-only t)) (erase-buffer))
        (setq default-directory root)
        (quire-run-mode)
        (setq quire-run--run run
              next-error-last-buffer (current-buffer)
              mode-line-process '((:propertize ":run" face compilation-mode-line-run)
                                  compilation-mode-line-errors))
        (quire-run--insert (quire-run--title run) 'face 'quire-run-note))
      (when (eq quire-run-display 'always)
        (display-buffer (quire-run--buffer run))))))

(defun quire-run--path (uri)
  "Return the file that URI names, in whatever buffer the server told of it."
  (let ((buffer (seq-find (lambda (b) (with-current-buffer b (quire-client))) (buffer-list))))
    (with-current-buffer buffer (quire-client-path uri))))

(defun quire-run--buffer-for (root)
  "Return a buffer for a run of the repository at ROOT.
It is the one of the run before, unless that is under way."
  (let* ((name (format "*quire: %s*" (file-name-nondirectory (directory-file-name root))))
         (old (seq-find (lambda (run)
                          (and (equal (quire-run--root run) root)
                               (quire-run--outcome run)
                               (buffer-live-p (quire-run--buffer run))))
                        quire-run--runs)))
    (cond ((not old) (generate-new-buffer name))
          (t (setq quire-run--runs (delq old quire-run--runs))
             (quire-run--buffer old)))))

(defun quire-run--job (run params)
  "Note in RUN the state of a job that PARAMS tell of."
  (let* ((job (quire-get params :job))
         (state (quire-get params :state))
         (message (quire-get params :message)))
    (setf (alist-get job (quire-run--jobs run) nil nil #'equal) state)
    (pcase state
      ("queued")
      ("running" (quire-run--insert (format "\n▶ %s" job) 'face 'quire-run-job))
      (_ (quire-run--flush run job)
         (quire-run--insert
          (concat (propertize (quire-run--mark state) 'font-lock-face (quire-run--face state))
                  (propertize (format " %s%s" job (quire-run--took params)) 'font-lock-face 'quire-run-job)
                  ;; Why it failed stands at the end of the run.
                  (cond ((member state '("succeeded" "failed")) "")
                        ((member message '(nil "")) (concat " " state))
                        (t (concat " " message)))))))))

(defun quire-run--mark (state)
  "Return the sign of a STATE."
  (pcase state ("succeeded" "✓") ("failed" "✗") ("cancelled" "■") (_ "○")))

(defun quire-run--face (state)
  "Return the face of a STATE."
  (pcase state
    ("succeeded" 'success) ("failed" 'error) ("cancelled" 'warning) (_ 'quire-run-note)))

(defun quire-run--took (params)
  "Return how long the job took that PARAMS tell of, with a space before it."
  (let ((ms (quire-get params :durationMs)))
    (if ms (format " %.1f s" (/ ms 1000.0)) "")))

;;; Commands and what they write

(defun quire-run--command (run params)
  "Show in the buffer of RUN the command that begins, which PARAMS tell.
It is a button that leads to its place in the pipeline."
  (let* ((location (quire-get params :location))
         (text (replace-regexp-in-string "\n" "\n  " (concat "$ " (quire-get params :command)))))
    (when location
      (setq text (make-text-button text nil 'action #'quire-run--visit 'button-data location
                                   'font-lock-face 'quire-run-command 'follow-link t
                                   'help-echo "mouse-1, RET: go to where it is called")))
    (apply #'quire-run--insert text 'face 'quire-run-command (quire-run--prefix run (quire-get params :job)))))

(defun quire-run--exit (run params)
  "Show in the buffer of RUN that a command did not end well, if PARAMS tell so."
  (let ((job (quire-get params :job))
        (signal (quire-get params :signal))
        (exit (quire-get params :exit)))
    (unless (equal exit 0)
      (quire-run--flush run job)
      (apply #'quire-run--insert (if signal (format "(ended by %s)" signal) (format "(exit %d)" exit))
             'face 'quire-run-note (quire-run--prefix run job)))))

(defun quire-run--prefix (run job)
  "Return the properties that name JOB before its lines, if RUN has several."
  (when (cdr (quire-run--jobs run))
    (let ((prefix (propertize (concat job " │ ") 'face 'quire-run-note)))
      (list 'line-prefix prefix 'wrap-prefix prefix))))

(defun quire-run--output (run params)
  "Show in the buffer of RUN the piece of output that PARAMS bring.
A line is shown when it has ended."
  (let* ((job (quire-get params :job))
         (key (list job (quire-get params :sh) (quire-get params :stream)))
         (held (or (cdr (assoc key (quire-run--partial run)))
                   (cdar (push (cons key (cons "" nil)) (quire-run--partial run)))))
         (lines (split-string (concat (car held) (quire-get params :text)) "\n")))
    (while (cdr lines)
      (quire-run--line run key held (pop lines)))
    (setcar held (car lines))))

(defun quire-run--line (run key held line)
  "Insert LINE of the output KEY of RUN, in the colours that HELD carries over."
  (pcase-let* ((`(,job _ ,stream) key)
               (ansi-color-context (cdr held))
               (text (ansi-color-apply (quire-run--legible line))))
    (setcdr held ansi-color-context)
    (apply #'quire-run--insert text
           (append (when (equal stream "log") '(face quire-run-note))
                   (quire-run--prefix run job)))))

(defun quire-run--legible (line)
  "Return the last state of a LINE that rewrote itself, without titles and links."
  (replace-regexp-in-string
   "\e\\][^\a\e]*\\(?:\a\\|\e\\\\\\)" ""
   (car (last (split-string (string-trim-right line "\r+") "\r")))))

(defun quire-run--flush (run &optional job)
  "Show the lines of RUN, or of its JOB, that have not ended and will not."
  (dolist (entry (reverse (quire-run--partial run)))
    (when (or (not job) (equal job (caar entry)))
      (unless (string-empty-p (cadr entry))
        (quire-run--line run (car entry) (cdr entry) (cadr entry)))
      (setf (quire-run--partial run) (delq entry (quire-run--partial run))))))

(defun quire-run--insert (text &rest properties)
  "Insert a line of TEXT with PROPERTIES at the end of this buffer.
Windows that show the end go on showing it."
  (let ((following (seq-filter (lambda (w) (= (window-point w) (point-max)))
                               (get-buffer-window-list nil nil t)))
        (at-end (eobp))
        (inhibit-read-only t))
    (save-excursion
      (goto-char (point-max))
      (let ((start (point)))
        (insert text "\n")
        (when (plist-get properties 'face)
          (font-lock-append-text-property start (point) 'font-lock-face (plist-get properties 'face)))
        (cl-remf properties 'face)
        (add-text-properties start (point) properties)))
    (when at-end (goto-char (point-max)))
    (dolist (w following) (set-window-point w (point-max)))))

;;; The end of a run

(defun quire-run--finished (run params)
  "Say in the buffer of RUN how it went, which PARAMS tell."
  (let ((outcome (quire-get params :outcome)))
    (quire-run--flush run)
    (setf (quire-run--outcome run) outcome)
    (quire-run--insert "")
    (seq-do #'quire-run--failure (quire-get params :jobs))
    (quire-run--insert (propertize (quire-get params :message) 'font-lock-face (quire-run--face outcome)))
    (setq mode-line-process
          `((:propertize ,(concat ":" outcome)
                         face ,(if (equal outcome "succeeded") 'compilation-mode-line-exit 'compilation-mode-line-fail))
            compilation-mode-line-errors))
    (cond ((not (equal outcome "failed"))
           (message "%s: %s" (quire-run--title run) (quire-get params :message)))
          ((eq quire-run-display 'failure)
           (display-buffer (current-buffer))))
    (run-hook-with-args 'quire-run-finished-functions (current-buffer) outcome)))

(defun quire-run--failure (job)
  "Insert the place where JOB failed, if it did, as compilers write places."
  (when-let ((failure (quire-get job :failure))
             (location (quire-get failure :location)))
    (let ((file (quire-run--path (quire-get location :uri))))
      (pcase-let ((`(,buffer . ,point) (quire-run--place location)))
        (quire-run--insert
         (format "%s:%s: %s" (file-relative-name file default-directory)
                 (with-current-buffer buffer
                   (save-excursion
                     (save-restriction
                       (widen)
                       (goto-char point)
                       (format "%d:%d" (line-number-at-pos) (1+ (- (point) (line-beginning-position)))))))
                 (car (split-string (quire-get failure :message) "\n"))))))))

;;; Places

(defun quire-run--place (location)
  "Return the buffer and the point of LOCATION, as a pair."
  (let ((start (quire-get location :range :start)))
    (with-current-buffer (find-file-noselect (quire-run--path (quire-get location :uri)) t)
      (save-excursion
        (save-restriction
          (widen)
          (cons (current-buffer)
                (if (quire-client)
                    (quire-client-point start)
                  (goto-char (point-min))
                  (forward-line (quire-get start :line))
                  (min (line-end-position) (+ (point) (quire-get start :character))))))))))

(defun quire-run--visit (location)
  "Go to LOCATION in another window."
  (pcase-let ((`(,buffer . ,point) (quire-run--place location)))
    (pop-to-buffer buffer)
    (push-mark)
    (goto-char point)))

;;; Looking at runs

(declare-function quire-cancel "quire")
(declare-function quire-rerun "quire")

(defvar quire-run-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map [remap kill-compilation] #'quire-cancel)
    (define-key map [remap recompile] #'quire-rerun)
    map)
  "Keymap of `quire-run-mode'.
As elsewhere in Compilation mode, there are keys to run the same again
and to end what is under way.")

(define-derived-mode quire-run-mode compilation-mode "quire"
  "Major mode for buffers that follow a run.

\\{quire-run-mode-map}"
  (setq-local compilation-error-screen-columns nil))

(defun quire-run-of-buffer ()
  "Return the id of the run of this buffer, if it is under way."
  (when (and quire-run--run (not (quire-run--outcome quire-run--run)))
    (quire-run--id quire-run--run)))

(defun quire-run--of-root ()
  "Return the newest run of this buffer's repository, or nil."
  (let ((root (quire-client-root)))
    (seq-find (lambda (run) (and (equal (quire-run--root run) root) (buffer-live-p (quire-run--buffer run))))
              quire-run--runs)))

(defun quire-run-pop-to-buffer ()
  "Show the last run of this repository, and go there."
  (interactive)
  (pop-to-buffer (quire-run--buffer (or (quire-run--of-root)
                                       (user-error "Nothing of this repository was run in this Emacs")))))

(defun quire-run-lighter ()
  "Return the lighter of `quire-mode', with the state of the last run."
  (let* ((run (quire-run--of-root))
         (outcome (and run (quire-run--outcome run)))
         (jobs (and run (quire-run--jobs run))))
    (cond ((not run) " quire")
          (outcome (concat " quire" (propertize (quire-run--mark outcome) 'face (quire-run--face outcome))))
          (t (format " quire:%d/%d" (seq-count (lambda (j) (not (member (cdr j) '("queued" "running")))) jobs)
                     (length jobs))))))

(provide 'quire-run)
;;; quire-run.el ends here
