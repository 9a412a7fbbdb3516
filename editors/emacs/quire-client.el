;;; quire-client.el --- Ask quire-lsp, in Eglot or in lsp-mode  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: MIT

;;; Commentary:

;; The rest of the package speaks to the server through these functions and
;; does not know which package the user has it started by.  JSON is written as
;; property lists and vectors; what comes back is read with `quire-get'.

;;; Code:

(require 'cl-lib)
(require 'seq)
(require 'subr-x)

(defgroup quire nil
  "Write and run quire CI pipelines."
  :group 'tools
  :prefix "quire-")

(defcustom quire-server-command '("quire-lsp")
  "Program and arguments that start the language server."
  :type '(repeat string))

(defcustom quire-settings nil
  "Settings of the server, a property list.
They are those of settings.schema.json, with keywords for names, such
as (:run (:parallel 4) :inlayHints (:order :json-false))."
  :type '(plist :key-type symbol :value-type sexp))

(defcustom quire-lens t
  "Whether to draw, with Eglot, what runs a job above it.
In lsp-mode, `lsp-lens-enable' decides that."
  :type 'boolean)

;;; Clients

(cl-defstruct (quire-client (:constructor quire-client-make) (:conc-name quire-client--)
                            (:copier nil) (:predicate nil))
  "What a package that speaks the Language Server Protocol does for this one.
All functions work in the current buffer, which quire-lsp looks after
when SERVING returns non-nil."
  serving       ; () -> whether quire-lsp looks after the buffer
  request       ; (METHOD PARAMS) -> result
  async         ; (METHOD PARAMS THEN), where THEN takes the result
  uri           ; () -> the URI of the buffer, as the server was told it
  path          ; (URI) -> the file
  position      ; () -> point as a position of the protocol
  point)        ; (POSITION) -> point

(defvar quire-clients nil
  "The clients whose packages are loaded, each a `quire-client'.")

(defun quire-client ()
  "Return the client that has quire-lsp look after this buffer, or nil."
  (seq-find (lambda (c) (funcall (quire-client--serving c))) quire-clients))

(defun quire-client-ensure ()
  "Return the client of this buffer; signal an error when it has none."
  (or (quire-client)
      (user-error "No quire-lsp looks after %s; start it there with M-x eglot or M-x lsp" (buffer-name))))

(defun quire-client-request (method params)
  "Send a request of METHOD with PARAMS and return its result."
  (funcall (quire-client--request (quire-client-ensure)) method params))

(defun quire-client-async (method params then)
  "Send a request of METHOD with PARAMS, and call THEN with its result."
  (funcall (quire-client--async (quire-client-ensure)) method params then))

(defun quire-client-execute (command arguments &optional then)
  "Have the server execute COMMAND with ARGUMENTS, a vector.
Call THEN, if it is non-nil, with the result."
  (quire-client-async "workspace/executeCommand" (list :command command :arguments arguments)
                      (or then #'ignore)))

(defun quire-client-uri ()
  "Return the URI of this buffer."
  (funcall (quire-client--uri (quire-client-ensure))))

(defun quire-client-path (uri)
  "Return the file that URI names."
  (funcall (quire-client--path (quire-client-ensure)) uri))

(defun quire-client-range (beg end)
  "Return the text from BEG to END as a range of the protocol."
  (let ((position (quire-client--position (quire-client-ensure))))
    (save-excursion
      (list :start (progn (goto-char beg) (funcall position))
            :end (progn (goto-char end) (funcall position))))))

(defun quire-client-point (position)
  "Return the point in this buffer of POSITION, which the server sent."
  (funcall (quire-client--point (quire-client-ensure)) position))

(defun quire-get (object &rest keys)
  "Return what OBJECT, decoded from JSON, has under KEYS, one in the other.
The KEYS are keywords."
  (dolist (key keys object)
    (setq object (if (hash-table-p object)
                     (gethash (substring (symbol-name key) 1) object)
                   (plist-get object key)))))

;;; The pipeline of a buffer

(defun quire-client-root ()
  "Return the directory of the repository of this buffer, or nil."
  (let ((root (locate-dominating-file default-directory ".quire/ci.fnl")))
    (when root (expand-file-name root))))

(defun quire-client-pipeline ()
  "Return the buffer of the pipeline of this buffer's repository.
Signal an error when it has none, or no server looks after it."
  (let* ((root (or (quire-client-root)
                   (user-error "There is no .quire/ci.fnl in %s or above"
                               (abbreviate-file-name default-directory))))
         (buffer (find-file-noselect (expand-file-name ".quire/ci.fnl" root))))
    (with-current-buffer buffer
      (quire-client-ensure)
      buffer)))

(defmacro quire-client-with-pipeline (&rest body)
  "Evaluate BODY in the buffer of the pipeline of this buffer's repository."
  (declare (indent 0) (debug t))
  `(with-current-buffer (quire-client-pipeline) ,@body))

(provide 'quire-client)
;;; quire-client.el ends here
